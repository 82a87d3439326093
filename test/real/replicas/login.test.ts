import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { JsonObject } from '../../../src/model/json.ts';
import type { Answered } from '../../intermediary/bench/http.ts';
import { metaOf, mirrored } from '../../intermediary/bench/modern-client.ts';
import { type Page, ScriptedBrowser } from '../../login/browser.ts';
import { filesServer } from './files-server.ts';
import { endpoint, outcomeOf, startReplicas } from './replicas.ts';

const limit = { timeout: 60_000 };
const password = 'correct horse battery';
const redirectUri = 'https://app.example/callback';

const upstream = await filesServer({ after });
const replicas = await startReplicas({ after }, 2, upstream.url);
const base = `${replicas.publicUrl}/as`;

/** Every page comes from another replica than the one before. */
before(async () => {
  const browser = new ScriptedBrowser();
  const page = await browser.open((await replicas.gateways[0]?.setupLink()) ?? '');
  const kept = await browser.submit(page, 'password', { password, repeated: password });
  assert.equal((await browser.submit(kept, 'finish')).status, 200);
});

/** What an application gets from a login: a code, and what redeems it. */
async function logIn(): Promise<Readonly<Record<'code' | 'code_verifier', string>>> {
  const verifier = randomBytes(32).toString('base64url');
  const browser = new ScriptedBrowser();
  const query = new URLSearchParams({
    client_id: 'app',
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid offline_access',
    prompt: 'consent',
    resource: `${replicas.publicUrl}${endpoint}`,
    state: 'a-state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const login = await browser.open(`${base}/authorize?${query}`);
  const consent: Page = await browser.submit(login, 'password', { password });
  const back = await browser.submit(consent, 'consent');
  assert.equal(back.url.searchParams.get('iss'), base, back.text);
  return { code: back.url.searchParams.get('code') ?? '', code_verifier: verifier };
}

/** The token endpoint of one replica. */
async function ask(replica: number, members: Readonly<Record<string, string>>): Promise<Answered> {
  return replicas.at(replica, {
    path: '/as/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_id: 'app', ...members }).toString(),
  });
}

function redeem(
  replica: number,
  grant: Readonly<Record<'code' | 'code_verifier', string>>,
): Promise<Answered> {
  return ask(replica, { grant_type: 'authorization_code', redirect_uri: redirectUri, ...grant });
}

function refresh(replica: number, { message }: Answered): Promise<Answered> {
  return ask(replica, {
    grant_type: 'refresh_token',
    refresh_token: String(message['refresh_token']),
  });
}

/** Calls a replica with the access token of an answer. */
async function call(replica: number, { message }: Answered): Promise<Answered> {
  const params: JsonObject = { name: 'echo', arguments: {}, _meta: metaOf() };
  return replicas.at(replica, {
    path: endpoint,
    headers: {
      ...mirrored('tools/call', 'echo'),
      authorization: `Bearer ${String(message['access_token'])}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  });
}

test(
  'a login whose every page comes from another replica gives a code that any replica redeems',
  limit,
  async () => {
    for (const replica of [0, 1]) {
      const tokens = await redeem(replica, await logIn());
      assert.equal(tokens.status, 200, tokens.text);
      for (const user of [0, 1]) assert.equal(outcomeOf(await call(user, tokens)), 'done');
    }
  },
);

test('a code that one replica redeemed is refused by another, and what it gave ends', limit, async () => {
  const grant = await logIn();
  const tokens = await redeem(0, grant);
  assert.equal(tokens.status, 200, tokens.text);
  const again = await redeem(1, grant);
  assert.deepEqual([again.status, again.message['error']], [400, 'invalid_grant']);
  assert.equal((await refresh(0, tokens)).message['error'], 'invalid_grant');
});

test(
  'a code that is redeemed at two replicas at the same moment gives tokens once at most',
  limit,
  async () => {
    const grant = await logIn();
    const answers = await Promise.all([0, 1, 0, 1].map((replica) => redeem(replica, grant)));
    assert.ok(answers.filter(({ status }) => status === 200).length <= 1);
  },
);

test(
  'a refresh token that was used at one replica is a theft at another: the family ends',
  limit,
  async () => {
    const first = await redeem(0, await logIn());
    const second = await refresh(1, first);
    assert.equal(second.status, 200, second.text);
    assert.notEqual(second.message['refresh_token'], first.message['refresh_token']);
    const stolen = await refresh(0, first);
    assert.deepEqual([stolen.status, stolen.message['error']], [400, 'invalid_grant']);
    assert.equal((await refresh(1, second)).message['error'], 'invalid_grant');
  },
);

test('an access token that is revoked at one replica is refused at the other', limit, async () => {
  const tokens = await redeem(0, await logIn());
  assert.equal(outcomeOf(await call(1, tokens)), 'done');
  const revoked = await replicas.at(0, {
    path: '/as/revoke',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      client_id: 'app',
      token: String(tokens.message['access_token']),
      token_type_hint: 'access_token',
    }).toString(),
  });
  assert.equal(revoked.status, 200, revoked.text);
  const end = performance.now() + 3_000;
  while ((await call(1, tokens)).status !== 401) assert.ok(performance.now() < end, 'it is still taken');
});
