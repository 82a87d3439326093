import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from './markup.ts';

test('every value is escaped, in text and in attributes', () => {
  const value = `<&>"'\``;
  assert.equal(
    html`<a title="${value}">${value}</a>`.text,
    '<a title="&#60;&#38;&#62;&#34;&#39;&#96;">&#60;&#38;&#62;&#34;&#39;&#96;</a>',
  );
});

test('markup in markup stays, and nothing is nothing', () => {
  assert.equal(
    html`<p>${html`<b>${'&'}</b>`}${undefined}${[html`<i></i>`, html`<u></u>`]}${7}</p>`.text,
    '<p><b>&#38;</b><i></i><u></u>7</p>',
  );
});

test('an object that looks like markup is not', () => {
  const forged = { text: '<script>' } as never;
  assert.doesNotMatch(
    (() => {
      try {
        return html`${forged}`.text;
      } catch {
        return '';
      }
    })(),
    /<script>/,
  );
});

test('marks that nobody sees and that turn what is read are made visible', () => {
  assert.equal(html`${'a\u202eb\u200bc\u0007d\u2028e'}`.text, 'a\ufffdb\ufffdc\ufffdd\ufffde');
});
