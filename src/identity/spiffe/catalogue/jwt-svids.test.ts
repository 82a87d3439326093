import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { JsonObject } from '../../../model/json.ts';
import type { TrustDomain } from '../../../model/spiffe-id.ts';
import { TokenFailure } from '../../failure.ts';
import { readJwtBundle } from '../bundle-document.ts';
import type { Bundles, JwtAuthority } from '../contract.ts';
import { createJwtAuthority, encode, type JwtAuthorityKey, svidClaims } from '../testing/jwt-authority.ts';
import { verifyJwtSvid } from '../verify-jwt-svid.ts';

const sub = 'spiffe://example.org/workload';
const audience = 'conformance';
const now = Math.floor(Date.now() / 1000);

/** Keys that are costly to make, made once. */
const es256 = createJwtAuthority('ES256');
const es384 = createJwtAuthority('ES384');
const es512 = createJwtAuthority('ES512');
const rsa = createJwtAuthority('RSA');
const ed25519 = createJwtAuthority('EdDSA');
const foreign = createJwtAuthority('ES256');

function bundles(all: Readonly<Record<string, readonly JwtAuthorityKey[]>>): Pick<Bundles, 'jwt'> {
  const read = new Map<TrustDomain, readonly JwtAuthority[]>(
    Object.entries(all).map(([name, keys]) => [
      name as TrustDomain,
      readJwtBundle({ keys: keys.map(({ jwk }) => jwk) }),
    ]),
  );
  return { jwt: (domain) => read.get(domain) };
}

const own = bundles({ 'example.org': [es256, es384, es512, rsa, ed25519], 'fed.example.org': [foreign] });

function verify(token: string): string | undefined {
  const result = verifyJwtSvid(token, audience, own, Date.now());
  return result instanceof TokenFailure ? undefined : result.id;
}

function claims(more: JsonObject = {}): JsonObject {
  return svidClaims(sub, [audience], more);
}

test('JV-1 accepts a valid token and gives its subject and claims', () => {
  const result = verifyJwtSvid(es256.sign(claims({ team: 'x' })), audience, own, Date.now());
  assert.ok(!(result instanceof TokenFailure));
  assert.equal(result.id, sub);
  assert.equal(result.claims['team'], 'x');
});

const signers: Readonly<Record<string, JwtAuthorityKey>> = {
  ...{ RS256: rsa, RS384: rsa, RS512: rsa, PS256: rsa, PS384: rsa, PS512: rsa },
  ...{ ES256: es256, ES384: es384, ES512: es512 },
};
for (const [alg, key] of Object.entries(signers)) {
  test(`JV-2/${alg} accepts the algorithm`, () => {
    assert.equal(verify(key.sign(claims(), { alg })), sub);
  });
}

function none(text: string): string {
  return `${encode({ alg: text, typ: 'JWT' })}.${encode(claims())}.`;
}

/** An HMAC keyed with the public key: what a verifier that trusts `alg` would compute. */
function hmac(bits: number): string {
  const signed = `${encode({ alg: `HS${bits}`, kid: es256.kid })}.${encode(claims())}`;
  const pem = es256.publicKey.export({ type: 'spki', format: 'pem' });
  return `${signed}.${createHmac(`sha${bits}`, pem).update(signed).digest('base64url')}`;
}

function flipped(token: string, part: number): string {
  const parts = token.split('.');
  const bytes = Buffer.from(parts[part] ?? '', 'base64url');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  parts[part] = bytes.toString('base64url');
  return parts.join('.');
}

function otherSubject(token: string): string {
  const [head, , signature] = token.split('.');
  return `${head}.${encode(claims({ sub: 'spiffe://example.org/other' }))}.${signature}`;
}

const good = es256.sign(claims());
const [head = '', body = '', signature = ''] = good.split('.');

/** Id and demand, and a token that must be refused. */
const refused: readonly (readonly [string, string])[] = [
  ['JV-3 refuses `none`', none('none')],
  ['JV-3 refuses `NONE`', none('NONE')],
  ['JV-4 refuses HS256 with the public key as secret', hmac(256)],
  ['JV-4 refuses HS384 with the public key as secret', hmac(384)],
  ['JV-4 refuses HS512 with the public key as secret', hmac(512)],
  ['JV-5 refuses EdDSA although its key is in the bundle', ed25519.sign(claims())],
  ['JV-6 refuses RS256 with the `kid` of an EC key', rsa.sign(claims(), { alg: 'RS256', kid: es256.kid })],
  ['JV-6 refuses ES384 with a key of P-256', es256.sign(claims(), { alg: 'ES384' })],
  ['JV-7 refuses a token without audience', es256.sign({ sub, exp: now + 300 })],
  ['JV-7 refuses a token with no audience in its list', es256.sign(claims({ aud: [] }))],
  ['JV-8 refuses a token for another audience', es256.sign(claims({ aud: ['other'] }))],
  ['JV-8 refuses a token whose audience begins with ours', es256.sign(claims({ aud: `${audience}2` }))],
  ['JV-11 refuses a token without expiry', es256.sign({ sub, aud: [audience] })],
  ['JV-11 refuses a token whose expiry is a text', es256.sign(claims({ exp: String(now + 300) }))],
  ['JV-12 refuses an expired token', es256.sign(claims({ exp: now - 300 }))],
  ['JV-13 refuses a token that is not valid yet', es256.sign(claims({ nbf: now + 300 }))],
  ['JV-14 refuses a token with a flipped bit in the signature', flipped(good, 2)],
  ['JV-15 refuses a token with another subject under the same signature', otherSubject(good)],
  ['JV-16 refuses a token of a key that is in no bundle', createJwtAuthority().sign(claims())],
  ['JV-16 refuses a token of an unknown `kid`, whoever signed it', es256.sign(claims(), { kid: 'unknown' })],
  [
    'JV-17 refuses a subject of a federated trust domain signed by ours',
    es256.sign(claims({ sub: 'spiffe://fed.example.org/x' })),
  ],
  ['JV-17 refuses a subject of ours signed by a federated trust domain', foreign.sign(claims())],
  [
    'JV-17 refuses a subject of a federated trust domain signed by ours without `kid`',
    es256.sign(claims({ sub: 'spiffe://fed.example.org/x' }), { kid: undefined }),
  ],
  [
    'JV-18 refuses a subject of a trust domain without bundle',
    es256.sign(claims({ sub: 'spiffe://no.org/x' })),
  ],
  ['JV-19 refuses a subject that is no SPIFFE ID', es256.sign(claims({ sub: 'alice' }))],
  ['JV-19 refuses a token without subject', es256.sign(claims({ sub: undefined }))],
  ['JV-21 refuses the type `at+jwt`', es256.sign(claims(), { typ: 'at+jwt' })],
  ['JV-21 refuses the type `jwt`', es256.sign(claims(), { typ: 'jwt' })],
  ['JV-21 refuses an empty type', es256.sign(claims(), { typ: '' })],
  ['JV-23 refuses a critical header that nobody understands', es256.sign(claims(), { crit: ['x'], x: 1 })],
  ['JV-24 refuses the flattened JSON form', JSON.stringify({ protected: head, payload: body, signature })],
  [
    'JV-24 refuses the general JSON form',
    JSON.stringify({ payload: body, signatures: [{ protected: head, signature }] }),
  ],
  ['JV-25 refuses a token of two parts', `${head}.${body}`],
  ['JV-25 refuses a token of four parts', `${good}.${signature}`],
  ['JV-25 refuses a token with a part that is not base64url', `${head}.${body}.${signature.slice(0, -1)}!`],
  [
    'JV-25 refuses a token whose header is no JSON',
    `${Buffer.from('{').toString('base64url')}.${body}.${signature}`,
  ],
  ['JV-25 refuses the empty token', ''],
  [
    'refuses a key that the token brings itself',
    createJwtAuthority().sign(claims(), { jwk: es256.jwk, kid: undefined }),
  ],
];

for (const [name, token] of refused) {
  test(name, () => {
    assert.equal(verify(good), sub, 'the control must be accepted');
    assert.equal(verify(token), undefined);
  });
}

/** Id and demand, and a token that must be accepted. */
const accepted: readonly (readonly [string, string])[] = [
  ['JV-9 accepts our audience among others', es256.sign(claims({ aud: ['other', audience] }))],
  ['JV-10 accepts the audience as a single text', es256.sign(claims({ aud: audience }))],
  ['JV-20 accepts the type JWT', es256.sign(claims(), { typ: 'JWT' })],
  ['JV-20 accepts the type JOSE', es256.sign(claims(), { typ: 'JOSE' })],
  ['JV-20 accepts no type', es256.sign(claims(), { typ: undefined })],
  ['JV-22 accepts a token without `kid`', es256.sign(claims(), { kid: undefined })],
];

for (const [name, token] of accepted) {
  test(name, () => {
    assert.equal(verify(token), sub);
  });
}

const domain255 = 'd'.repeat(255);

/** SPIFFE-ID sections 2.1 and 2.2. */
const invalidIds: Readonly<Record<string, string>> = {
  'an empty trust domain': 'spiffe:///a',
  'a port': 'spiffe://example.org:8080/a',
  'user information': 'spiffe://u@example.org/a',
  'a query': 'spiffe://example.org/a?x=1',
  'a fragment': 'spiffe://example.org/a#f',
  'an escaped character': 'spiffe://example.org/%41',
  'an empty segment': 'spiffe://example.org/a//b',
  'a dot segment': 'spiffe://example.org/a/./b',
  'a double dot segment': 'spiffe://example.org/a/../b',
  'a final slash': 'spiffe://example.org/a/',
  'an invalid character in the path': 'spiffe://example.org/a!b',
  'an invalid character in the trust domain': 'spiffe://exa$mple.org/a',
  'capitals in the trust domain': 'spiffe://Example.org/a',
};

/** The bundle of every trust domain there is, so that only the ID can be at fault. */
const everywhere: Pick<Bundles, 'jwt'> = { jwt: () => readJwtBundle({ keys: [es256.jwk] }) };

for (const [what, id] of Object.entries(invalidIds)) {
  test(`ID-1 refuses a subject with ${what}`, () => {
    const result = verifyJwtSvid(es256.sign(claims({ sub: id })), audience, everywhere, Date.now());
    assert.ok(result instanceof TokenFailure);
  });
}

const validIds: Readonly<Record<string, string>> = {
  'dots, dashes, underscores and capitals in the path': 'spiffe://example.org/a.b-c_D/...',
  'an underscore and digits in the trust domain': 'spiffe://a_1.example/x',
  'a trust domain like an IPv4 address': 'spiffe://10.0.0.1/x',
  '2048 bytes': `spiffe://${domain255}/${'p'.repeat(2048 - 'spiffe:///'.length - 255)}`,
};

for (const [what, id] of Object.entries(validIds)) {
  test(`ID-2 accepts a subject with ${what}`, () => {
    const result = verifyJwtSvid(es256.sign(claims({ sub: id })), audience, everywhere, Date.now());
    assert.ok(!(result instanceof TokenFailure) && result.id === id);
  });
}
