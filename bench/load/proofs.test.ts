import assert from 'node:assert/strict';
import { generateKeyPairSync, hash } from 'node:crypto';
import { test } from 'node:test';
import { importJWK, type JWK, jwtVerify } from 'jose';
import type { JsonObject } from '../../src/model/json.ts';
import { createProofs } from './proofs.ts';

test('proofs are signed, are for the call and its token, differ, and have one length', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const url = 'http://127.0.0.1:1/mcp/bench';
  const target = { url, headers: { Authorization: 'DPoP a.b.c' }, tool: 'lookup' };
  const proofs = createProofs(target, privateKey.export({ format: 'jwk' }) as JsonObject);
  const all = Array.from({ length: 20 }, () => proofs.next());
  assert.equal(new Set(all).size, 20);
  for (const proof of all) {
    assert.equal(proof.length, proofs.length);
    const { payload, protectedHeader } = await jwtVerify(
      proof,
      await importJWK(publicKey.export({ format: 'jwk' }) as JWK, 'ES256'),
    );
    assert.equal(protectedHeader.typ, 'dpop+jwt');
    assert.ok(!('d' in (protectedHeader.jwk ?? {})));
    const { htm, htu, ath } = payload;
    assert.deepEqual([htm, htu, ath], ['POST', url, hash('sha256', 'a.b.c', 'base64url')]);
  }
});
