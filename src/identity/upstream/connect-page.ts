import { html, type Markup } from '../login/markup.ts';
import { layout, tokenField } from '../login/pages/layout.ts';

/** What the page says before the browser leaves. */
export interface ConnectPage {
  readonly assets: string;
  /** Where its form goes. */
  readonly place: string;
  readonly formToken: string;
  /** The server by its id, and its address. */
  readonly server: string;
  readonly url: string;
  readonly issuer: string;
  /** Who is logged in. */
  readonly user: string;
  readonly scopes: readonly string[];
}

/** Asks the user whether the gateway may use an account of theirs at a server. */
export function connectPage(page: ConnectPage): Markup {
  const scopes = page.scopes.map((scope) => html`<li>${wordsFor(scope)}<code>${scope}</code></li>`);
  const asked =
    scopes.length === 0
      ? html`<p>The server decides what that allows.</p>`
      : html`<h2>It asks for</h2>
<div class="right"><ul>${scopes}</ul></div>`;
  const body = html`<p>This gateway will call the server <b>${page.server}</b> with an account of yours. You log in at <b>${new URL(page.issuer).host}</b> and allow it there.</p>
<dl>
<dt>Server</dt><dd><code>${page.url}</code></dd>
<dt>You log in at</dt><dd><code>${page.issuer}</code></dd>
<dt>You are</dt><dd>${page.user}</dd>
</dl>
${asked}
<p class="note">What you allow is kept encrypted and used for your own calls alone. Agents never see it. If you did not ask for this, close the page.</p>
<form method="post" action="${page.place}">
${tokenField(page.formToken)}
<button type="submit" autofocus>Continue at ${new URL(page.issuer).host}</button>
</form>`;
  return layout({ title: `Connect ${page.server}`, assets: page.assets, body });
}

/** The one scope whose meaning is the same everywhere (OpenID Connect Core section 11). */
function wordsFor(scope: string): Markup | undefined {
  return scope === 'offline_access' ? html`Go on while you are away ` : undefined;
}
