import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { verifySignature } from './algorithms.ts';
import { derSignature } from './der-signature.ts';

const curves = [
  { algorithm: 'ES256', namedCurve: 'P-256', digest: 'sha256', half: 32 },
  { algorithm: 'ES384', namedCurve: 'P-384', digest: 'sha384', half: 48 },
] as const;

test('signatures verify as they do in the form of JWS, whatever zeros and high bits they begin with', () => {
  for (const { algorithm, namedCurve, digest, half } of curves) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
    const shapes = new Set<string>();
    for (let n = 0; n < 700; n += 1) {
      const signed = Buffer.from(`message ${n}`);
      const raw = sign(digest, signed, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const der = derSignature(raw, half);
      assert.ok(der !== undefined && verify(digest, signed, publicKey, der));
      assert.ok(verifySignature(algorithm, publicKey, signed, raw));
      assert.equal(verifySignature(algorithm, publicKey, Buffer.from('another'), raw), false);
      shapes.add(`${shapeOf(raw[0])} ${shapeOf(raw[half])}`);
    }
    assert.ok(shapes.size >= 4, `only ${[...shapes].join(', ')} came up`);
  }
});

test('the form is the shortest one', () => {
  const bytes = new Uint8Array(64);
  bytes.set([0x80], 30);
  bytes.set([0x01], 63);
  const der = derSignature(bytes, 32) ?? new Uint8Array();
  assert.equal(Buffer.from(der).toString('hex'), '30080203008000020101');
});

test('what is no signature is refused: other lengths, zeros, the other half, DER itself', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signed = Buffer.from('message');
  const raw = sign('sha256', signed, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const swapped = Buffer.concat([raw.subarray(32), raw.subarray(0, 32)]);
  const der = sign('sha256', signed, privateKey);
  const wrong = [
    new Uint8Array(),
    raw.subarray(1),
    Buffer.concat([raw, raw]),
    new Uint8Array(64),
    swapped,
    der,
  ];
  for (const bytes of wrong) assert.equal(verifySignature('ES256', publicKey, signed, bytes), false);
});

function shapeOf(first = 0): string {
  if (first === 0) return 'zero';
  return first > 0x7f ? 'high' : 'low';
}
