import { html, type Markup } from '../markup.ts';
import { alert, layout, tokenField } from './layout.ts';

/** What the set-up page shows. */
export interface SetupPage {
  readonly assets: string;
  /** Where its forms go. */
  readonly place: string;
  readonly formToken: string;
  /** False where the address is no host name: browsers bind passkeys to names (Web Authentication section 5.1.2). */
  readonly passkeys: boolean;
  /** The same page under a name, where passkeys work; only where it is known. */
  readonly passkey: 'none' | 'kept';
  readonly password: 'none' | 'kept' | 'impossible';
  readonly leastLength: number;
  readonly fault?: string;
}

/** The owner chooses how to log in from now on. */
export function setupPage(page: SetupPage): Markup {
  const any = page.passkey === 'kept' || page.password === 'kept';
  const body = html`<p>This gateway has one owner. Choose how you log in from now on: by passkey, by password, or keep both.</p>
${alert(page.fault)}
<section aria-labelledby="passkey-title">
<h2 id="passkey-title">Passkey</h2>
${passkeyPart(page)}
</section>
<section aria-labelledby="password-title">
<h2 id="password-title">Password</h2>
${passwordPart(page)}
</section>
${any ? finishForm(page) : undefined}`;
  return layout({ title: 'Set up the owner', assets: page.assets, script: page.passkeys, body });
}

function passkeyPart(page: SetupPage): Markup {
  if (page.passkey === 'kept') return html`<p class="done">A passkey is registered.</p>`;
  if (!page.passkeys) {
    return html`<p class="note">Passkeys need a host name, and this gateway is known by an address. Give it one with <code>listen.publicUrl</code>, such as <code>http://localhost:7300</code>, and start it again to use one.</p>`;
  }
  return html`<p class="note">Your device or security key keeps it and asks for your finger, face or PIN. Nothing to remember, nothing to be phished.</p>
<form data-passkey="create" data-options="${page.place}/passkey/options" data-verify="${page.place}/passkey">
${tokenField(page.formToken)}
<button type="submit" autofocus>Register a passkey</button>
<p class="alert" role="alert" hidden></p>
<noscript><p class="note">Passkeys need JavaScript; a password works without it.</p></noscript>
</form>`;
}

function passwordPart(page: SetupPage): Markup {
  if (page.password === 'kept') return html`<p class="done">A password is set.</p>`;
  if (page.password === 'impossible') {
    return html`<p class="note">Passwords need Node.js 24.7 or newer, which can hash them with Argon2. Use a passkey, or start the gateway with a newer Node.js.</p>`;
  }
  return html`<form method="post" action="${page.place}/password">
${tokenField(page.formToken)}
<input type="text" name="username" value="owner" autocomplete="username" hidden>
<label for="password">New password <span class="note">(at least ${page.leastLength} characters)</span></label>
<input id="password" type="password" name="password" autocomplete="new-password" required minlength="${page.leastLength}" maxlength="256">
<label for="repeated">The same once more</label>
<input id="repeated" type="password" name="repeated" autocomplete="new-password" required minlength="${page.leastLength}" maxlength="256">
<button type="submit"${page.passkeys ? html` class="plain"` : undefined}>Set the password</button>
</form>`;
}

function finishForm(page: SetupPage): Markup {
  return html`<form method="post" action="${page.place}/finish">
${tokenField(page.formToken)}
<button type="submit">Finish</button>
</form>`;
}
