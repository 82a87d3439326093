import { html, type Markup } from '../markup.ts';
import { layout } from './layout.ts';

/** A page that says one thing. */
export interface Notice {
  readonly assets: string;
  readonly title: string;
  readonly text: string;
  readonly link?: { readonly href: string; readonly text: string };
}

/** A page without a form: an error, or that something is done. */
export function noticePage({ assets, title, text, link }: Notice): Markup {
  const onward = link && html`<p><a class="button" href="${link.href}">${link.text}</a></p>`;
  return layout({ title, assets, body: html`<p>${text}</p>${onward}` });
}
