import { html, type Markup } from '../markup.ts';
import { alert, layout, tokenField } from './layout.ts';

/** What the login pages show. */
export interface LoginPage {
  readonly assets: string;
  /** Where its forms go: the address of the interaction. */
  readonly place: string;
  readonly formToken: string;
  readonly client: string;
  readonly fault?: string;
}

/** The owner logs in by passkey or password. Says nothing about which of them exists. */
export function ownerLoginPage(page: LoginPage & { readonly passkeys: boolean }): Markup {
  const body = html`<p><b>${page.client}</b> wants to use this gateway. Log in to see what it asks for.</p>
${alert(page.fault)}
${page.passkeys ? passkeyForm(page) : undefined}
<form method="post" action="${page.place}/password">
${tokenField(page.formToken)}
<input type="text" name="username" value="owner" autocomplete="username" hidden>
<label for="password">Password of the owner</label>
<input id="password" type="password" name="password" autocomplete="current-password" required maxlength="256"${page.passkeys ? undefined : html` autofocus`}>
<button type="submit"${page.passkeys ? html` class="plain"` : undefined}>Log in with the password</button>
</form>
${cancelForm(page)}`;
  return layout({ title: 'Log in', assets: page.assets, script: page.passkeys, body });
}

function passkeyForm(page: LoginPage): Markup {
  return html`<form data-passkey="get" data-options="${page.place}/passkey/options" data-verify="${page.place}/passkey">
${tokenField(page.formToken)}
<button type="submit" autofocus>Log in with a passkey</button>
<p class="alert" role="alert" hidden></p>
<noscript><p class="note">Passkeys need JavaScript; the password works without it.</p></noscript>
</form>
<p class="or"><span>or</span></p>
`;
}

/** Asks before the browser goes to the OpenID provider, so that nobody is sent there by a link alone. */
export function providerLoginPage(page: LoginPage & { readonly provider: string }): Markup {
  const body = html`<p><b>${page.client}</b> wants to use this gateway. You log in at <b>${page.provider}</b> and then see what it asks for.</p>
${alert(page.fault)}
<form method="post" action="${page.place}/provider">
${tokenField(page.formToken)}
<button type="submit" autofocus>Continue at ${page.provider}</button>
</form>
${cancelForm(page)}`;
  return layout({ title: 'Log in', assets: page.assets, body });
}

/** The form that ends it all. */
export function cancelForm(page: Pick<LoginPage, 'place' | 'formToken'>): Markup {
  return html`<form method="post" action="${page.place}/cancel">
${tokenField(page.formToken)}
<button type="submit" class="quiet">Cancel</button>
</form>`;
}
