import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { browser } from './browser.ts';
import { listen } from './listening-server.ts';

test('the id of a session, read out of the store, opens no session', async (t) => {
  const { issuer, origin, documents, server } = await listen(t);
  const start = new URL(`${issuer}/authorize`);
  start.search = new URLSearchParams({
    client_id: 'app',
    response_type: 'code',
    redirect_uri: 'https://app.example/callback',
    resource: `${origin}/mcp`,
    code_challenge: 'c'.repeat(43),
    code_challenge_method: 'S256',
  }).toString();
  await browser().follow(start.href);
  const kept = await documents.find('oidc:Session', { limit: 10 });
  const session = kept.find(({ value }) => value['accountId'] === 'alice');
  assert.ok(session !== undefined);
  const accountWith = async (cookie: string): Promise<string | undefined> => {
    const request = new IncomingMessage(new Socket());
    request.url = '/connect';
    request.headers.host = new URL(origin).host;
    request.headers.cookie = cookie;
    return await server.sessionAccount(request).catch(() => undefined);
  };
  for (const id of [session.id, String(session.value['jti'])]) {
    assert.equal(await accountWith(`bartizan_login=${id}`), undefined);
    assert.equal(await accountWith(`bartizan_login=${id}; bartizan_login.sig=${'a'.repeat(27)}`), undefined);
  }
});
