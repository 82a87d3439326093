import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createInteractions, type LoginInteractions } from '../../src/identity/login/interactions.ts';
import { memoryDocuments } from '../../src/store/memory/documents.ts';
import { listen } from '../identity/server/listening-server.ts';
import { ScriptedBrowser } from './browser.ts';
import { payload, thePassword } from './gateway.ts';

const verifier = 'a-verifier-that-is-long-enough-for-everybody-0123456789';

test('the embedded authorization server logs the owner in by these pages, and its tokens say how', async (t) => {
  const documents = memoryDocuments({ now: Date.now });
  const held: { pages?: LoginInteractions } = {};
  const { issuer, origin } = await listen(t, {
    documents,
    interactions: (context) => {
      held.pages = createInteractions({
        ...context,
        documents,
        clock: { now: Date.now },
        settings: { login: 'owner' },
      });
      return held.pages;
    },
  });
  const owner = new ScriptedBrowser();
  const setup = await owner.open((await held.pages?.setupLink()) ?? '');
  const kept = await owner.submit(setup, 'password', { password: thePassword, repeated: thePassword });
  await owner.submit(kept, 'finish');

  const metadata = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Record<
    string,
    string
  >;
  const browser = new ScriptedBrowser();
  const redirectUri = 'https://app.example/callback';
  const query = new URLSearchParams({
    client_id: 'app',
    response_type: 'code',
    redirect_uri: redirectUri,
    resource: `${origin}/mcp`,
    state: 'a-state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const login = await browser.open(`${metadata['authorization_endpoint']}?${query.toString()}`);
  const consent = await browser.submit(login, 'password', { password: thePassword });
  assert.match(consent.text, /<b>An application<\/b> asks to act for you/);
  assert.ok(consent.text.includes(`${origin}/mcp</code>`), consent.text);
  const back = await browser.submit(consent, 'consent');
  assert.equal(back.url.searchParams.get('iss'), issuer);
  const response = await fetch(String(metadata['token_endpoint']), {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: 'app',
      code: back.url.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }),
  });
  const tokens = (await response.json()) as Record<string, unknown>;
  const claims = payload(tokens['access_token']);
  assert.deepEqual([claims['sub'], claims['roles'], claims['amr']], ['owner', ['owner'], ['pwd']]);
  assert.equal(typeof claims['auth_time'], 'number');
  assert.equal((await held.pages?.consents.list('owner'))?.length, 1);
});
