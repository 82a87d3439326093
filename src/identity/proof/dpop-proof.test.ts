import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, hash, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../model/json.ts';
import { testKey } from '../../testing/dpop.ts';
import { TokenFailure } from '../failure.ts';
import { createLru } from '../lru.ts';
import { confirmationOf } from './confirmation.ts';
import { type CheckedProof, checkProof, type ProofDemand, type ProofKey } from './dpop-proof.ts';
import { thumbprintOf } from './thumbprint.ts';

const vectors = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as {
  readonly rfc7638: { readonly jwk: JsonObject; readonly thumbprint: string };
  readonly rfc8037: { readonly jwk: JsonObject; readonly thumbprint: string };
  readonly rfc8705: { readonly certificate: string; readonly 'x5t#S256': string };
  readonly rfc9449: {
    readonly jkt: string;
    readonly token: string;
    readonly ath: string;
    readonly method: string;
    readonly url: string;
    readonly iat: number;
    readonly jti: string;
    readonly proof: string;
  };
};

const start = 1_800_000_000;
const key = testKey();
const request = { method: 'POST', url: 'https://gateway.example/mcp', token: 'token', at: start };

function demand(more: Partial<ProofDemand> = {}): ProofDemand {
  return {
    jkt: key.jkt,
    ath: hash('sha256', request.token, 'base64url'),
    method: request.method,
    url: request.url,
    now: start * 1000,
    maxSeconds: 60,
    keys: createLru<ProofKey>(10),
    ...more,
  };
}

function good(text: string, more: Partial<ProofDemand> = {}): CheckedProof {
  const outcome = checkProof(text, demand(more));
  return outcome instanceof TokenFailure ? assert.fail(outcome.detail) : outcome;
}

function bad(text: string, detail: RegExp, more: Partial<ProofDemand> = {}): void {
  const outcome = checkProof(text, demand(more));
  assert.ok(outcome instanceof TokenFailure, `accepted, and should not: ${detail}`);
  assert.match(outcome.detail, detail);
  assert.equal(outcome.error, 'invalid_dpop_proof');
}

test('thumbprints are those of RFC 7638 section 3.1, RFC 8037 appendix A.3 and RFC 9449 section 6.1', () => {
  assert.equal(thumbprintOf(vectors.rfc7638.jwk), vectors.rfc7638.thumbprint);
  assert.equal(thumbprintOf(vectors.rfc8037.jwk), vectors.rfc8037.thumbprint);
  const [head = ''] = vectors.rfc9449.proof.split('.');
  const { jwk } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { readonly jwk: JsonObject };
  assert.equal(thumbprintOf(jwk), vectors.rfc9449.jkt);
  for (const odd of [
    {},
    { kty: 'oct', k: 'AA' },
    { kty: 'EC', crv: 'P-256', x: 'AA' },
    { kty: 'EC', x: 1 },
  ]) {
    assert.equal(thumbprintOf(odd), undefined);
  }
});

test('takes the proof of RFC 9449 section 7.1, for its token and its moment alone', () => {
  const { jkt, token, ath, method, url, iat, jti, proof } = vectors.rfc9449;
  const its = { jkt, method, url, now: iat * 1000, ath: hash('sha256', token, 'base64url') };
  assert.equal(its.ath, ath);
  assert.deepEqual(good(proof, its), { jti, nonce: undefined, staleAt: (iat + 60 + 30) * 1000 });
  bad(proof, /for another access token/, { ...its, ath: hash('sha256', `${token}.`, 'base64url') });
  bad(proof, /is 61 s old; 60 s are allowed/, { ...its, now: (iat + 61) * 1000 });
});

test('the thumbprint of a certificate is that of RFC 8705 appendix A', () => {
  const { certificate, 'x5t#S256': thumbprint } = vectors.rfc8705;
  assert.equal(hash('sha256', Buffer.from(certificate, 'base64'), 'base64url'), thumbprint);
  assert.deepEqual(confirmationOf({ cnf: { 'x5t#S256': thumbprint } }), { certificate: thumbprint });
});

test('refuses a confirmation that is empty, malformed, or of another way than those that are known', () => {
  const jkt = key.jkt;
  assert.deepEqual(confirmationOf({}), {});
  assert.deepEqual(confirmationOf({ cnf: { jkt, 'x5t#S256': jkt } }), { jkt, certificate: jkt });
  for (const cnf of [
    null,
    'x',
    [],
    {},
    { jkt: 'short' },
    { jkt: 7 },
    { kid: 'k1' },
    { jwk: {} },
    { jkt, jwe: 'x' },
    { 'x5t#S256': `${jkt}=` },
    { 'kc-jkt-type': 'DPoP' },
    { jkt: 'short', 'kc-jkt-type': 'DPoP' },
  ]) {
    assert.ok(confirmationOf({ cnf }) instanceof TokenFailure, JSON.stringify(cnf));
  }
});

test('what a product adds to a confirmation changes nothing of it', () => {
  // As Keycloak 26.7 writes it.
  assert.deepEqual(confirmationOf({ cnf: { jkt: key.jkt, 'kc-jkt-type': 'DPoP' } }), { jkt: key.jkt });
});

test('takes a proof by every algorithm of the table', () => {
  const keys = [
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'sha256'],
    ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'sha384'],
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }), 'sha256'],
    ['EdDSA', generateKeyPairSync('ed25519'), null],
    ['Ed25519', generateKeyPairSync('ed25519'), null],
  ] as const;
  for (const [alg, { privateKey, publicKey }, digest] of keys) {
    const jwk = publicKey.export({ format: 'jwk' }) as JsonObject;
    const unsigned = key.proof(request, {}, { alg, jwk }).split('.').slice(0, 2).join('.');
    const signature = sign(digest, Buffer.from(unsigned), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    good(`${unsigned}.${signature.toString('base64url')}`, { jkt: thumbprintOf(jwk) ?? '' });
  }
});

test('refuses a header that is not exactly that of a proof (RFC 9449 section 4.3, 1 to 7)', () => {
  const proof = (header: JsonObject): string => key.proof(request, {}, header);
  bad('', /not one JWT/);
  bad(`${proof({})}, ${proof({})}`, /not one JWT/);
  bad(`${proof({})}.x`, /not one JWT/);
  bad(proof({ padding: 'x'.repeat(9_000) }), /more than 8192 characters/);
  for (const typ of ['at+jwt', 'JWT', undefined, 'DPOP+JWT', 7]) bad(proof({ typ }), /its type is/);
  for (const alg of ['none', 'HS256', undefined, 7, ['ES256']])
    bad(proof({ alg }), /algorithm .* is not allowed/);
  bad(proof({ crit: ['b64'], b64: true }), /critical header members/);
  for (const jwk of [undefined, null, 'x', [key.jwk]]) bad(proof({ jwk }), /holds no `jwk`/);
  bad(proof({ jwk: { kty: 'oct', k: 'c2VjcmV0' } }), /private or symmetric key/);
  bad(proof({ jwk: { ...key.jwk, d: 'AA' } }), /private or symmetric key/);
  bad(proof({ jwk: { ...key.jwk, use: 'enc' } }), /no public key for signatures/);
  bad(proof({ jwk: { ...key.jwk, alg: 'ES384' } }), /no public key for signatures/);
  bad(proof({ alg: 'ES384' }), /no public key for ES384/);
  bad(proof({ jwk: testKey().jwk }), /another key than the token is bound to/);
});

test('refuses a MAC made with the public key, and a signature by another one', () => {
  const head = key.proof(request, {}, { alg: 'HS256' }).split('.').slice(0, 2).join('.');
  const mac = createHmac('sha256', JSON.stringify(key.jwk)).update(head).digest('base64url');
  bad(`${head}.${mac}`, /`HS256` is not allowed/);
  bad(testKey().proof(request, {}, { jwk: key.jwk }), /its signature is wrong/);
  const [header, , signature] = key.proof(request).split('.');
  const [, claims] = key.proof(request).split('.');
  bad(`${header}.${claims}.${signature}`, /its signature is wrong/);
});

test('refuses claims for another request, another moment, or without an id (RFC 9449 section 4.3, 8 to 12)', () => {
  const proof = (claims: JsonObject): string => key.proof(request, claims);
  for (const jti of [undefined, '', 7, 'x'.repeat(257)]) bad(proof({ jti }), /`jti`/);
  for (const htm of [undefined, 'GET', 'post', 7]) bad(proof({ htm }), /for the method/);
  for (const htu of [undefined, 7, '', 'https://gateway.example/mcp/', 'http://gateway.example/mcp']) {
    bad(proof({ htu }), /not for `https:\/\/gateway\.example\/mcp`/);
  }
  for (const ath of [undefined, '', 7, key.jkt]) bad(proof({ ath }), /another access token/);
  for (const iat of [undefined, String(start), null]) bad(proof({ iat }), /`iat` is not a number/);
  bad(proof({ iat: start - 61 }), /61 s old; 60 s are allowed/);
  bad(proof({ iat: start + 31 }), /made 31 s from now/);
  bad(proof({ exp: start }), /has expired/);
  bad(proof({ nbf: start + 31 }), /not valid yet/);
  bad(proof({ nonce: 7 }), /`nonce` is not a text/);
  good(proof({ iat: start - 60 }));
  assert.deepEqual(good(proof({ iat: start + 30, nonce: 'n', jti: 'j', exp: start + 1 })), {
    jti: 'j',
    nonce: 'n',
    staleAt: (start + 30 + 60 + 30) * 1000,
  });
});

test('remembers keys that tokens are bound to, and no others', () => {
  const kept: string[] = [];
  const keys = { ...createLru<ProofKey>(10), set: (text: string) => void kept.push(text) };
  good(key.proof(request), { keys });
  assert.deepEqual(kept, [JSON.stringify(key.jwk)]);
  bad(testKey().proof(request), /another key/, { keys });
  assert.equal(kept.length, 1);
  // A key that was proven for one token proves nothing for another.
  const shared = createLru<ProofKey>(10);
  good(key.proof(request), { keys: shared });
  bad(key.proof(request), /another key/, { keys: shared, jkt: testKey().jkt });
});

const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.base64String());
const anyPart = fc.oneof(
  fc.json().map((text) => Buffer.from(text).toString('base64url')),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  anyText,
);

test('whatever a stranger sends for a proof is refused, and nothing is thrown', () => {
  const refusedAll = (text: string): void =>
    assert.ok(checkProof(text, demand()) instanceof TokenFailure, text);
  fc.assert(fc.property(anyText, refusedAll));
  fc.assert(
    fc.property(
      fc.array(anyPart, { maxLength: 5 }).map((parts) => parts.join('.')),
      refusedAll,
    ),
  );
});

test('whatever a stranger with a key of their own signs is refused, and nothing is thrown', () => {
  const stranger = testKey();
  const anyMembers = fc.dictionary(
    fc.constantFrom(
      'typ',
      'alg',
      'jwk',
      'crit',
      'kid',
      'jti',
      'htm',
      'htu',
      'iat',
      'ath',
      'nonce',
      'exp',
      '__proto__',
    ),
    fc.oneof(fc.jsonValue(), fc.constant(stranger.jwk), fc.constant({ ...key.jwk, kty: 'RSA' })),
  );
  fc.assert(
    fc.property(anyMembers, anyMembers, (header, claims) => {
      const text = stranger.proof(request, claims as JsonObject, header as JsonObject);
      assert.ok(checkProof(text, demand()) instanceof TokenFailure);
    }),
  );
});
