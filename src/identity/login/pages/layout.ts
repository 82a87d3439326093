import { html, type Markup } from '../markup.ts';
import { sentence } from '../sentence.ts';

/** The frame that all pages share. */
export interface Layout {
  readonly title: string;
  /** Where the assets are, such as `/as/assets`. */
  readonly assets: string;
  /** Whether the page needs the script for passkeys. */
  readonly script?: boolean;
  readonly body: Markup;
}

/** A whole page. */
export function layout({ title, assets, script, body }: Layout): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · Bartizan</title>
<link rel="stylesheet" href="${assets}/style.css">
<link rel="icon" href="data:,">
${script === true ? html`<script src="${assets}/passkey.js" defer></script>` : undefined}
</head>
<body>
<main>
<p class="brand">Bartizan</p>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`;
}

/** The hidden member that proves where a form comes from. */
export function tokenField(token: string): Markup {
  return html`<input type="hidden" name="form_token" value="${token}">`;
}

/** What went wrong, read out at once by screen readers. */
export function alert(message: string | undefined): Markup | undefined {
  return message === undefined ? undefined : html`<p class="alert" role="alert">${sentence(message)}</p>`;
}
