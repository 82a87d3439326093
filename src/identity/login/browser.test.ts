import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { type Browser, createBrowsers } from './browser.ts';

const origin = 'https://gateway.example';
const cookie = 'A'.repeat(43);

function requestWith(headers: Readonly<Record<string, string>>): IncomingMessage {
  return { headers, method: 'POST' } as unknown as IncomingMessage;
}

function browserOf(value: string): Browser {
  const found = createBrowsers(origin).recall(requestWith({ cookie: `__Host-bartizan-browser=${value}` }));
  assert.ok(found !== undefined);
  return found;
}

test('over https the cookie is the host\u2019s alone, unseen by scripts, and not sent with forms of others', () => {
  const response = new ServerResponse(requestWith({}));
  createBrowsers(origin).meet(requestWith({}), response);
  const [line = ''] = [response.getHeader('set-cookie') ?? ''].flat().map(String);
  assert.match(line, /^__Host-bartizan-browser=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
});

test('a known browser gets no new cookie', () => {
  const request = requestWith({ cookie: `other=1; __Host-bartizan-browser=${cookie}` });
  const response = new ServerResponse(request);
  assert.equal(createBrowsers(origin).meet(request, response).id, browserOf(cookie).id);
  assert.equal(response.getHeader('set-cookie'), undefined);
});

test('a cookie that comes twice, is made up, or has the plain name is nobody\u2019s', () => {
  const { recall } = createBrowsers(origin);
  const name = '__Host-bartizan-browser';
  for (const line of [
    `${name}=${cookie}; ${name}=${'B'.repeat(43)}`,
    `${name}=short`,
    `bartizan-browser=${cookie}`,
  ]) {
    assert.equal(recall(requestWith({ cookie: line })), undefined);
  }
});

test('form tokens differ from browser to browser and from place to place, and tell nothing of the cookie', () => {
  const [one, other] = [browserOf(cookie), browserOf('B'.repeat(43))];
  const tokens = [one.formToken('/a'), one.formToken('/b'), other.formToken('/a')];
  assert.equal(new Set(tokens).size, 3);
  assert.ok(!one.id.includes(cookie) && tokens.every((token) => !token.includes(cookie)));
});
