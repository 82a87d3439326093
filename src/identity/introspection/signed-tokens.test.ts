import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import { Refusal } from '../../model/refusal.ts';
import { createIdentity } from '../identity.ts';
import type { Introspection } from '../issuer.ts';

const start = 1_800_000_000;
const issuer = 'https://issuer.example';
const url = 'https://gateway.example/mcp';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwks = [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' } as JsonObject];
const claims = { iss: issuer, sub: 'alice', client_id: 'vscode', aud: url, iat: start, exp: start + 600 };

/** A JWT of the issuer. */
function signed(more: JsonObject = {}): string {
  const body = [
    { typ: 'at+jwt', alg: 'ES256', kid: 'k' },
    { ...claims, ...more },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(body), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${body}.${signature.toString('base64url')}`;
}

/** An issuer that says `answer` of every token. */
function open(tokens: Introspection['tokens']) {
  const clock = { seconds: start, now: () => clock.seconds * 1000 };
  const state = { questions: 0, answer: (): Response => Response.json({ ...claims, active: true }) };
  const identity = createIdentity({
    clock,
    issuers: [
      {
        issuer,
        jwks,
        introspection: {
          endpoint: `${issuer}/introspect`,
          clientId: 'gateway',
          clientSecret: 'secret',
          cacheSeconds: 60,
          ...(tokens && { tokens }),
        },
      },
    ],
    fetch: async () => {
      state.questions += 1;
      return state.answer();
    },
  });
  const show = async (token: string): Promise<boolean> => {
    const request = { method: 'POST', url, resource: url, metadataUrl: `${url}/meta`, peer: '192.0.2.1' };
    const outcome = await identity.identify({
      authorization: `Bearer ${token}`,
      header: () => undefined,
      ...request,
    });
    return !(outcome instanceof Refusal);
  };
  return { clock, state, show };
}

test('a JWT is the word of its issuer, who is not asked unless that is wanted', async () => {
  const { state, show } = open(undefined);
  assert.equal(await show(signed()), true);
  assert.equal(state.questions, 0);
});

test('a JWT that its issuer no longer stands by ends when the last answer has ended', async () => {
  const { clock, state, show } = open('all');
  const token = signed();
  assert.deepEqual([await show(token), await show(token), state.questions], [true, true, 1]);
  state.answer = () => Response.json({ active: false });
  clock.seconds += 59;
  assert.deepEqual([await show(token), state.questions], [true, 1]);
  clock.seconds += 1;
  assert.deepEqual([await show(token), state.questions], [false, 2]);
});

test('a JWT whose issuer cannot be asked is refused', async () => {
  const { state, show } = open('all');
  state.answer = () => new Response('', { status: 503 });
  assert.deepEqual([await show(signed()), state.questions], [false, 1]);
});

test('nobody is asked about a JWT that is refused by itself', async () => {
  const { state, show } = open('all');
  const [head, body] = signed().split('.');
  const forged = `${head}.${body}.${signed({ sub: 'bob' }).split('.')[2]}`;
  for (const token of [forged, signed({ exp: start - 100 }), signed({ iss: 'https://other.example' })])
    assert.equal(await show(token), false);
  assert.equal(state.questions, 0);
});

test('an answer never lets a JWT live longer than it says of itself', async () => {
  const { clock, state, show } = open('all');
  const token = signed({ exp: start + 10 });
  state.answer = () => Response.json({ ...claims, active: true, exp: start + 600 });
  assert.equal(await show(token), true);
  clock.seconds += 41;
  assert.equal(await show(token), false);
});
