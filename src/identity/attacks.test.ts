import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { test } from 'node:test';
import type { DenialCode } from '../model/denial.ts';
import type { JsonObject } from '../model/json.ts';
import { Refusal } from '../model/refusal.ts';
import type { Credentials } from '../pipeline/ports.ts';
import { testKey } from '../testing/dpop.ts';
import { identityContract } from '../testing/identity.ts';
import { createIdentity } from './identity.ts';

const start = 1_800_000_000;
const issuer = 'https://idp.example';
const otherIssuer = 'https://other.example';
const url = 'https://gateway.example/mcp/files';
const metadataUrl = 'https://gateway.example/.well-known/oauth-protected-resource/mcp/files';

const idp = testKey();
const other = testKey();
const client = testKey();
const thief = testKey();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsaJwk = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'RS256' } as JsonObject;
const certificate = { chain: [new Uint8Array(1)], thumbprint: 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0' };

/** One gateway for one test, with a memory of its own for proofs. */
function gateway() {
  const used = new Map<string, number>();
  const clock = { seconds: start, now: () => clock.seconds * 1000 };
  const identity = createIdentity({
    issuers: [
      { issuer, jwks: [{ ...idp.jwk, kid: 'k1' }, rsaJwk] },
      { issuer: otherIssuer, jwks: [{ ...other.jwk, kid: 'k1' }] },
    ],
    scopes: ['mcp'],
    clock,
    fetch: () => assert.fail('nothing may be fetched'),
    proof: {
      replay: {
        claim: (key, expiresAt) => {
          if (used.has(key)) return false;
          used.set(key, expiresAt);
          return true;
        },
      },
      proofSeconds: 60,
    },
  });
  return { identity, clock, used };
}

function claims(more: JsonObject = {}): JsonObject {
  const claimed = {
    iss: issuer,
    sub: 'alice',
    aud: url,
    client_id: 'vscode',
    scope: 'mcp',
    jti: randomUUID(),
  };
  return { ...claimed, iat: start, exp: start + 600, ...more };
}

const header = { alg: 'ES256', typ: 'at+jwt', kid: 'k1' };
const token = (more: JsonObject = {}, head: JsonObject = {}): string =>
  idp.sign({ ...header, ...head }, claims(more));
const bound = (more: JsonObject = {}): string => token({ cnf: { jkt: client.jkt }, ...more });

function show(
  authorization: string | undefined,
  dpop?: string,
  more: Partial<Credentials> = {},
): Credentials {
  return {
    authorization,
    resource: url,
    metadataUrl,
    method: 'POST',
    url,
    peer: '192.0.2.1',
    header: (name) => (name === 'dpop' ? dpop : undefined),
    ...more,
  };
}

const request = (shown: string): Parameters<typeof client.proof>[0] => ({
  method: 'POST',
  url,
  token: shown,
  at: start,
});

/** What a good caller with a bound token shows, with one thing changed. */
function proven(proof: (shown: string) => string | undefined, more: Partial<Credentials> = {}): Credentials {
  const shown = bound();
  return show(`DPoP ${shown}`, proof(shown), more);
}

function hmac(head: JsonObject, key: KeyObject): string {
  const signed = [head, claims()]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const pem = key.export({ type: 'spki', format: 'pem' });
  return `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`;
}

function byRsa(head: JsonObject): string {
  const signed = [head, claims()]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${sign('sha256', Buffer.from(signed), rsa.privateKey).toString('base64url')}`;
}

interface Attack {
  readonly name: string;
  readonly credentials: () => Credentials;
  readonly code?: DenialCode;
  /** What stands in the first challenge: the scheme, then the error. */
  readonly challenge: string;
  readonly detail: RegExp;
}

const bearerFault = 'Bearer error="invalid_token"';
const proofFault = 'DPoP error="invalid_dpop_proof"';

const attacks: readonly Attack[] = [
  {
    name: 'a token of another audience',
    credentials: () => show(`Bearer ${token({ aud: 'https://gateway.example/mcp/other' })}`),
    challenge: bearerFault,
    detail: /not for `https:\/\/gateway\.example\/mcp\/files`/,
  },
  {
    name: 'a token that another issuer signed in the name of this one',
    credentials: () => show(`Bearer ${other.sign(header, claims())}`),
    challenge: bearerFault,
    detail: /signature of the token is wrong/,
  },
  {
    name: 'a token of an issuer that nobody configured',
    credentials: () => show(`Bearer ${idp.sign(header, claims({ iss: 'https://evil.example' }))}`),
    challenge: bearerFault,
    detail: /is not configured/,
  },
  {
    name: 'a public RSA key used as the secret of an HMAC',
    credentials: () => show(`Bearer ${hmac({ alg: 'HS256', typ: 'at+jwt', kid: 'rsa' }, rsa.publicKey)}`),
    challenge: bearerFault,
    detail: /`HS256` is not allowed/,
  },
  {
    name: 'a token that says it needs no signature',
    credentials: () => show(`Bearer ${token({}, { alg: 'none' })}`),
    challenge: bearerFault,
    detail: /`none` is not allowed/,
  },
  {
    name: 'an RSA signature under the algorithm of a curve',
    credentials: () => show(`Bearer ${byRsa({ alg: 'ES256', typ: 'at+jwt', kid: 'rsa' })}`),
    challenge: bearerFault,
    detail: /publishes no ES256 key/,
  },
  ...['../../../../dev/null', "k1' OR '1'='1", 'https://evil.example/jwks.json', '__proto__', 'k1\u0000'].map(
    (kid) => ({
      name: `the \`kid\` ${JSON.stringify(kid)}`,
      credentials: () => show(`Bearer ${thief.sign({ ...header, kid }, claims())}`),
      challenge: bearerFault,
      detail: /publishes no ES256 key/,
    }),
  ),
  {
    name: 'an expired token',
    credentials: () => show(`Bearer ${token({ exp: start - 31 })}`),
    challenge: bearerFault,
    detail: /expired 31 s ago/,
  },
  {
    name: 'a token before its time',
    credentials: () => show(`Bearer ${token({ nbf: start + 31 })}`),
    challenge: bearerFault,
    detail: /not valid for 31 s/,
  },
  {
    name: 'an id token',
    credentials: () => show(`Bearer ${token({}, { typ: 'JWT' })}`),
    challenge: bearerFault,
    detail: /has type `JWT`/,
  },
  {
    name: 'a stolen DPoP token with a proof by the key of the thief',
    credentials: () => proven((shown) => thief.proof(request(shown))),
    challenge: proofFault,
    detail: /another key than the token is bound to/,
  },
  {
    name: 'a stolen DPoP token with the key of its owner in a proof that the thief signed',
    credentials: () => proven((shown) => thief.proof(request(shown), {}, { jwk: client.jwk })),
    challenge: proofFault,
    detail: /its signature is wrong/,
  },
  {
    name: 'a DPoP token without a proof',
    credentials: () => proven(() => undefined),
    challenge: proofFault,
    detail: /without a proof/,
  },
  {
    name: 'a proof for another URL',
    credentials: () =>
      proven((shown) => client.proof({ ...request(shown), url: 'https://gateway.example/mcp/git' })),
    challenge: proofFault,
    detail: /it is for `https:\/\/gateway\.example\/mcp\/git`/,
  },
  {
    name: 'a proof for another method',
    credentials: () => proven((shown) => client.proof({ ...request(shown), method: 'GET' })),
    challenge: proofFault,
    detail: /for the method `GET`/,
  },
  {
    name: 'a proof made for another access token',
    credentials: () => proven(() => client.proof(request(bound()))),
    challenge: proofFault,
    detail: /another access token/,
  },
  {
    name: 'an old proof',
    credentials: () => proven((shown) => client.proof({ ...request(shown), at: start - 61 })),
    challenge: proofFault,
    detail: /61 s old/,
  },
  {
    name: 'a proof of the future',
    credentials: () => proven((shown) => client.proof({ ...request(shown), at: start + 31 })),
    challenge: proofFault,
    detail: /31 s from now/,
  },
  {
    name: 'a proof that shows its private key',
    credentials: () =>
      proven((shown) => client.proof(request(shown), {}, { jwk: { ...client.jwk, d: 'AAAA' } })),
    challenge: proofFault,
    detail: /private or symmetric key/,
  },
  {
    name: 'a proof by a symmetric algorithm',
    credentials: () => proven((shown) => client.proof(request(shown), {}, { alg: 'HS256' })),
    challenge: proofFault,
    detail: /`HS256` is not allowed/,
  },
  {
    name: 'two proofs in one request',
    credentials: () => proven((shown) => `${client.proof(request(shown))}, ${client.proof(request(shown))}`),
    challenge: proofFault,
    detail: /not one JWT/,
  },
  {
    name: 'an access token for a proof',
    credentials: () => proven((shown) => shown),
    challenge: proofFault,
    detail: /type is `at\+jwt`/,
  },
  {
    name: 'a DPoP token shown as a bearer token',
    credentials: () => show(`Bearer ${bound()}`),
    challenge: bearerFault,
    detail: /was shown as a bearer token/,
  },
  {
    name: 'a DPoP token shown as a bearer token, with a good proof beside it',
    credentials: () => {
      const shown = bound();
      return show(`Bearer ${shown}`, client.proof(request(shown)));
    },
    challenge: bearerFault,
    detail: /was shown as a bearer token/,
  },
  {
    name: 'a plain token shown with the DPoP scheme, to look proven',
    credentials: () => {
      const shown = token();
      return show(`DPoP ${shown}`, thief.proof(request(shown)));
    },
    challenge: 'DPoP error="invalid_token"',
    detail: /bound to no DPoP key/,
  },
  {
    name: 'a token bound in a way that is not understood',
    credentials: () => show(`Bearer ${token({ cnf: { jwk: client.jwk } })}`),
    challenge: bearerFault,
    detail: /only jkt and x5t#S256 are known/,
  },
  {
    name: 'a certificate-bound token without a certificate',
    credentials: () => show(`Bearer ${token({ cnf: { 'x5t#S256': certificate.thumbprint } })}`),
    challenge: bearerFault,
    detail: /the connection shows none/,
  },
  {
    name: 'a certificate-bound token over the connection of another peer',
    credentials: () =>
      show(`Bearer ${token({ cnf: { 'x5t#S256': thief.jkt } })}`, undefined, { certificate }),
    challenge: bearerFault,
    detail: /another certificate/,
  },
  {
    name: 'a certificate-bound token with a DPoP proof instead',
    credentials: () => {
      const shown = token({ cnf: { 'x5t#S256': certificate.thumbprint } });
      return show(`DPoP ${shown}`, client.proof(request(shown)), { certificate });
    },
    challenge: 'DPoP error="invalid_token"',
    detail: /bound to no DPoP key/,
  },
  {
    name: 'a token in the query string',
    credentials: () => {
      const shown = token();
      return show(undefined, undefined, { url: `${url}?access_token=${shown}`, resource: url });
    },
    code: 'token_missing',
    challenge: 'Bearer scope="mcp"',
    detail: /no credentials/,
  },
  {
    name: 'two Authorization headers in one',
    credentials: () => show(`Bearer ${token()}, Bearer ${token()}`),
    challenge: bearerFault,
    detail: /not one bearer token/,
  },
  {
    name: 'two tokens after one scheme',
    credentials: () => show(`DPoP ${bound()} ${bound()}`),
    challenge: 'DPoP error="invalid_token"',
    detail: /not one DPoP token/,
  },
  {
    name: 'a token without the scope',
    credentials: () => show(`Bearer ${token({ scope: 'profile' })}`),
    code: 'scope_insufficient',
    challenge: 'Bearer error="insufficient_scope"',
    detail: /lacks the scopes mcp/,
  },
];

for (const { name, credentials, code = 'token_invalid', challenge, detail } of attacks) {
  test(`refuses ${name}`, async () => {
    const { identity, used } = gateway();
    const refusal = await identity.identify(credentials());
    assert.ok(refusal instanceof Refusal, 'it was accepted');
    assert.equal(refusal.code, code);
    assert.match(refusal.detail, detail);
    const shown = refusal.headers?.['WWW-Authenticate'] ?? '';
    assert.ok(shown.startsWith(challenge), shown);
    checkChallenges(shown);
    assert.equal(used.size, 0, 'a refused proof was used up');
  });
}

/** Both schemes are offered, each with what a client needs to go on; the error stands in one of them. */
function checkChallenges(shown: string): void {
  const [first = '', second = '', ...more] = shown.split(/, (?=(?:Bearer|DPoP) )/);
  assert.deepEqual(more, []);
  assert.deepEqual([first.split(' ')[0], second.split(' ')[0]].sort(), ['Bearer', 'DPoP']);
  for (const one of [first, second]) {
    assert.ok(one.includes('scope="mcp"') && one.includes(`resource_metadata="${metadataUrl}"`), one);
    assert.equal(/algs="[^"]*ES256/.test(one), one.startsWith('DPoP'), one);
  }
  assert.doesNotMatch(second, /error/);
}

test('refuses a proof that was used before, for the same and for every other token of the key', async () => {
  const { identity, used } = gateway();
  const shown = bound();
  const credentials = show(`DPoP ${shown}`, client.proof(request(shown)));
  assert.ok(!((await identity.identify(credentials)) instanceof Refusal));
  assert.equal(used.size, 1);
  const again = await identity.identify({ ...credentials });
  assert.ok(again instanceof Refusal && again.code === 'token_invalid');
  assert.match(again.detail, /was used before/);
  assert.ok(again.headers?.['WWW-Authenticate']?.startsWith(proofFault));
  const jti = 'one-id-for-two';
  const next = bound();
  assert.ok(
    !(
      (await identity.identify(show(`DPoP ${shown}`, client.proof(request(shown), { jti })))) instanceof
      Refusal
    ),
  );
  assert.ok(
    (await identity.identify(show(`DPoP ${next}`, client.proof(request(next), { jti })))) instanceof Refusal,
  );
});

test('the same `sub` of two issuers is two principals', async () => {
  const { identity } = gateway();
  const [ours, theirs] = [
    await identity.identify(show(`Bearer ${token()}`)),
    await identity.identify(show(`Bearer ${other.sign(header, claims({ iss: otherIssuer }))}`)),
  ];
  assert.ok(!(ours instanceof Refusal) && !(theirs instanceof Refusal));
  assert.equal(ours.user.subject, theirs.user.subject);
  assert.notEqual(ours.principal, theirs.principal);
});

test('nothing that a refusal tells its caller repeats the token or the proof', async () => {
  const { identity } = gateway();
  for (const { credentials } of attacks) {
    const shown = credentials();
    const refusal = await identity.identify(shown);
    assert.ok(refusal instanceof Refusal);
    const told = JSON.stringify([refusal.reason, refusal.data, refusal.headers]);
    const secrets = [shown.authorization?.split(' ')[1], shown.header('dpop')].filter(
      (text) => text !== undefined,
    );
    for (const secret of secrets) assert.ok(!told.includes(secret) && !refusal.detail.includes(secret));
  }
});

identityContract('DPoP-bound tokens', async () => {
  const { identity } = gateway();
  return {
    identity,
    good: show(`Bearer ${token()}`),
    otherResource: 'https://gateway.example/mcp/other',
    bound: () => proven((shown) => client.proof(request(shown))),
  };
});

identityContract('certificate-bound tokens', async () => {
  const { identity } = gateway();
  const shown = token({ cnf: { 'x5t#S256': certificate.thumbprint } });
  return {
    identity,
    good: show(`Bearer ${token()}`),
    otherResource: 'https://gateway.example/mcp/other',
    bound: () => show(`Bearer ${shown}`, undefined, { certificate }),
  };
});
