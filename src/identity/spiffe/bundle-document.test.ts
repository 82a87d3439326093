import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleDocument, parseJwks, readBundle, readJwtBundle } from './bundle-document.ts';
import { createCertificateAuthority } from './testing/certificate-authority.ts';
import { createJwtAuthority } from './testing/jwt-authority.ts';

const ca = createCertificateAuthority('example.org');
const jwt = createJwtAuthority();
const own = { x509: [ca.certificate], jwt: [jwt.jwk], sequence: 7, refreshHint: 60 };

test('what is written is read again', () => {
  const read = readBundle(parseJwks(Buffer.from(JSON.stringify(bundleDocument(own)))));
  assert.deepEqual(
    read.x509.map(({ der }) => Buffer.from(der)),
    [ca.certificate],
  );
  assert.deepEqual(
    read.jwt.map(({ kid }) => kid),
    [jwt.kid],
  );
  assert.equal(read.sequence, 7);
  assert.equal(read.refreshHint, 60);
});

test('a written bundle follows the standard: x5c and no kid for certificates, kid for tokens, nothing private', () => {
  const jwk = { ...jwt.jwk, d: 'secret', use: 'sig' };
  const { keys } = bundleDocument({ ...own, jwt: [jwk] });
  assert.ok(Array.isArray(keys));
  const [first, second] = keys as Record<string, unknown>[];
  assert.deepEqual(Object.keys(first ?? {}).sort(), ['crv', 'kty', 'use', 'x', 'x5c', 'y']);
  assert.deepEqual(Object.keys(second ?? {}).sort(), ['crv', 'kid', 'kty', 'use', 'x', 'y']);
  assert.equal(second?.['use'], 'jwt-svid');
});

test('refuses to write a key without `kid` and a symmetric key', () => {
  const { kid: _kid, ...nameless } = jwt.jwk;
  assert.throws(() => bundleDocument({ ...own, jwt: [nameless] }), /needs a `kid`/);
  assert.throws(() => bundleDocument({ ...own, jwt: [{ kty: 'oct', k: 'AQAB', kid: 'x' }] }), /symmetric/);
});

test('reads keys by their use, and ignores what it does not know', () => {
  const x5c = [Buffer.from(ca.certificate).toString('base64')];
  const certificate = { kty: 'EC', use: 'x509-svid', x5c };
  const { use: _use, ...useless } = jwt.jwk;
  const keys = [
    { ...certificate, use: 'other' },
    { ...certificate, use: 'X509-SVID' },
    { ...certificate, x5c: [] },
    { ...certificate, x5c: ['AAAA'] },
    { use: 'x509-svid', x5c },
    useless,
    { kty: 'oct', k: 'AQAB', use: 'jwt-svid' },
    { kty: 'unknown', use: 'jwt-svid' },
    'text',
    certificate,
    jwt.jwk,
  ];
  const read = readBundle({ keys });
  assert.equal(read.x509.length, 1);
  assert.equal(read.jwt.length, 1);
});

test('of several certificates in x5c only the first counts', () => {
  const second = createCertificateAuthority('other.org');
  const x5c = [ca.certificate, second.certificate].map((der) => Buffer.from(der).toString('base64'));
  const { x509 } = readBundle({ keys: [{ kty: 'EC', use: 'x509-svid', x5c }] });
  assert.deepEqual(
    x509.map(({ der }) => Buffer.from(der)),
    [ca.certificate],
  );
});

test('a JWT bundle of the Workload API may leave `use` out, as SPIRE does, and must not name another', () => {
  const { use: _use, ...useless } = jwt.jwk;
  assert.equal(readJwtBundle({ keys: [useless, { ...jwt.jwk, use: 'x509-svid' }] }).length, 1);
});

for (const [what, text] of [
  ['no array of keys', '{}'],
  ['keys that are no array', '{"keys":{}}'],
  ['two members of one name', '{"keys":[],"keys":[]}'],
  ['no object', '[]'],
  ['no JSON', '{'],
] as const) {
  test(`refuses a bundle with ${what}`, () => {
    assert.throws(() => readBundle(parseJwks(Buffer.from(text))));
  });
}

test('a sequence and a hint that are no whole numbers count as missing', () => {
  const read = readBundle({ keys: [], spiffe_sequence: 1.5, spiffe_refresh_hint: -1 });
  assert.equal(read.sequence, undefined);
  assert.equal(read.refreshHint, undefined);
});
