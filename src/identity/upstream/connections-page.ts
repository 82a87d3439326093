import { html, type Markup } from '../login/markup.ts';
import { layout, tokenField } from '../login/pages/layout.ts';

/** What the page of all connections shows. */
export interface ConnectionsPage {
  readonly assets: string;
  /** Where its forms go. */
  readonly place: string;
  readonly formToken: string;
  /** Who is logged in. */
  readonly user: string;
  readonly connected: readonly ShownConnection[];
  /** The servers, by id, that would be called with an account of the user. */
  readonly open: readonly string[];
}

/** A connection of the user. */
export interface ShownConnection {
  readonly server: string;
  readonly url: string;
  /** Undefined: what is kept cannot be read. */
  readonly issuer: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number | undefined;
}

/** Lists the accounts that the user has connected, and those that can be. */
export function connectionsPage(page: ConnectionsPage): Markup {
  const { connected, open } = page;
  const body = html`<p>Servers that this gateway calls with an account of yours. You are <b>${page.user}</b>.</p>
${connected.map((one) => section(page, one))}
${connected.length === 0 ? html`<p>You have connected no account.</p>` : undefined}
${open.length === 0 ? undefined : html`<h2>Not connected</h2>${open.map(offer)}`}`;
  return layout({ title: 'Your accounts', assets: page.assets, body });
}

function section(page: ConnectionsPage, { server, url, issuer, at }: ShownConnection): Markup {
  const isReadable = issuer !== undefined && at !== undefined;
  const facts = isReadable
    ? html`<dt>Account at</dt><dd>${new URL(issuer).host}</dd>
<dt>Connected</dt><dd>${new Date(at).toISOString().slice(0, 10)}</dd>`
    : undefined;
  return html`<section class="right">
<h3>${server}</h3>
<dl>
<dt>Server</dt><dd><code>${url}</code></dd>
${facts}
</dl>
${isReadable ? undefined : html`<p class="warning">What is kept of this account cannot be read. Disconnect it, then connect it again.</p>`}
<form method="post" action="${page.place}">
${tokenField(page.formToken)}
<input type="hidden" name="server" value="${server}">
<button type="submit" class="plain">Disconnect ${server}</button>
</form>
</section>`;
}

function offer(server: string): Markup {
  return html`<p><a class="button" href="/connect/to/${server}">Connect ${server}</a></p>`;
}
