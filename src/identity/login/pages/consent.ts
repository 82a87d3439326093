import { html, type Markup } from '../markup.ts';
import { layout, tokenField } from './layout.ts';
import { cancelForm } from './login.ts';

/** What the consent page shows. */
export interface ConsentPage {
  readonly assets: string;
  readonly place: string;
  readonly formToken: string;
  readonly client: ShownClient;
  /** Who is logged in. */
  readonly account: string;
  readonly asked: readonly ShownRight[];
  readonly granted: readonly ShownRight[];
}

/** The application that asks. */
export interface ShownClient {
  readonly name: string;
  readonly id: string;
  /** The host that vouches for its metadata (Client ID Metadata Document); undefined for a registered one. */
  readonly host?: string;
  readonly redirectUri: string;
  /** All its redirect URIs are on this machine, so any program here could use its name. */
  readonly localOnly: boolean;
}

/** One resource, or the person herself, with what is asked for it. */
export interface ShownRight {
  readonly title: string;
  /** The URL of a resource. */
  readonly resource?: string;
  readonly items: readonly ShownItem[];
}

/** One scope in plain words. */
export interface ShownItem {
  readonly words: string;
  /** As it travels. */
  readonly literal: string;
}

/** Asks the person whether an application may do what it asks for. */
export function consentPage(page: ConsentPage): Markup {
  const { client } = page;
  const body = html`<p><b>${client.name}</b> asks to act for you.</p>
${client.localOnly ? localWarning(client) : undefined}
<dl>
${client.host === undefined ? html`<dt>Application</dt><dd><code>${client.id}</code></dd>` : html`<dt>Published by</dt><dd><b>${client.host}</b><br><code>${client.id}</code></dd>`}
<dt>Answers to</dt><dd><code>${client.redirectUri}</code></dd>
<dt>You are</dt><dd>${page.account}</dd>
</dl>
<h2>It would be allowed to</h2>
${page.asked.length === 0 ? html`<p>Nothing beyond what you allowed before.</p>` : page.asked.map(right)}
${page.granted.length === 0 ? undefined : html`<h2>You allowed before</h2>${page.granted.map(right)}`}
<p class="note">Every single call still passes the policies of this gateway and is recorded. You can withdraw this at any time.</p>
<form method="post" action="${page.place}/consent">
${tokenField(page.formToken)}
<button type="submit">Allow</button>
</form>
${cancelForm(page)}`;
  return layout({ title: 'Allow access?', assets: page.assets, body });
}

function localWarning(client: ShownClient): Markup {
  return html`<p class="warning" role="note"><strong>This application runs on your own computer.</strong> Any program there could use the name “${client.name}”. Allow only if you started this login yourself just now.</p>`;
}

function right({ title, resource, items }: ShownRight): Markup {
  const place = resource === undefined ? undefined : html`<br><code>${resource}</code>`;
  return html`<div class="right"><h3>${title}${place}</h3>
${items.length === 0 ? html`<p>Be called, as far as the policies allow.</p>` : undefined}<ul>${items.map(({ words, literal }) => html`<li>${words} <code>${literal}</code></li>`)}</ul></div>
`;
}
