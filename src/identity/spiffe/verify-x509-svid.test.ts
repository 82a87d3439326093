import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CertificateRequest,
  createCertificateAuthority,
  keyUsageBit,
} from './testing/certificate-authority.ts';
import { bundlesOf, createTestDomain } from './testing/trust-domain.ts';
import { SvidFault, verifyX509Svid } from './verify-x509-svid.ts';

const own = createTestDomain('example.org');
const other = createTestDomain('other.org');
const bundles = bundlesOf(own, other);
const now = Date.now();
const minute = 60_000;
const { digitalSignature, keyCertSign, cRLSign } = keyUsageBit;
const middle = own.ca.intermediate();
const leaf = { uris: [`${own.id}/x`] };

function verify(chain: readonly Uint8Array[]): string | SvidFault {
  const result = verifyX509Svid(chain, bundles, now);
  return result instanceof SvidFault ? result : result.id;
}

function svid(request: CertificateRequest): readonly Uint8Array[] {
  return own.svid('/x', request).chain;
}

function withUri(...uris: readonly string[]): readonly Uint8Array[] {
  return own.ca.issue({ uris }).chain;
}

const accepted: Readonly<Record<string, readonly Uint8Array[]>> = {
  'a leaf': svid({}),
  'a leaf by way of an intermediate': middle.issue(leaf).chain,
  'a leaf by way of two intermediates': middle.intermediate().issue(leaf).chain,
  'a leaf with a DNS name beside': svid({ dns: ['x.example.org'] }),
  'a leaf without extended key usage': svid({ purposes: null }),
  'a leaf whose intermediate has no SPIFFE ID': own.ca.intermediate({ uris: [] }).issue(leaf).chain,
  'a leaf whose intermediate has the SPIFFE ID of the trust domain': own.ca
    .intermediate({ uris: [own.id] })
    .issue(leaf).chain,
  'a leaf within the path length': own.ca.intermediate({ pathLength: 0 }).issue(leaf).chain,
  'a leaf within the name constraints': own.ca.intermediate({ permittedUris: ['example.org'] }).issue(leaf)
    .chain,
  'a leaf beside needless intermediates': [...middle.issue(leaf).chain, other.ca.intermediate().certificate],
};

for (const [what, chain] of Object.entries(accepted)) {
  test(`accepts ${what}`, () => {
    assert.equal(verify(chain), `${own.id}/x`);
  });
}

const refused: Readonly<Record<string, readonly Uint8Array[]>> = {
  'a missing intermediate': middle.issue(leaf).chain.slice(0, 1),
  'an SVID of domain A signed by domain B': other.ca.issue(leaf).chain,
  'an SVID of domain A signed by an intermediate of domain B': other.ca.intermediate().issue(leaf).chain,
  'two SPIFFE IDs': withUri(`${own.id}/x`, `${own.id}/y`),
  'a SPIFFE ID and another URI': withUri(`${own.id}/x`, 'https://example.org/x'),
  'no path': withUri(own.id),
  'no URI at all': withUri(),
  'a leaf that is an authority': svid({ isAuthority: true, keyUsage: [digitalSignature] }),
  'a leaf whose key may sign certificates': svid({ keyUsage: [digitalSignature, keyCertSign] }),
  'a leaf whose key may sign revocations': svid({ keyUsage: [digitalSignature, cRLSign] }),
  'an expired leaf': svid({ notBefore: now - 2 * minute, notAfter: now - minute }),
  'a leaf that is not valid yet': svid({ notBefore: now + minute, notAfter: now + 2 * minute }),
  'capitals in the trust domain': withUri('spiffe://Example.org/x'),
  'dot segments': withUri(`${own.id}/a/../x`),
  'an escaped character': withUri(`${own.id}/%78`),
  'a leaf that signed another': (() => {
    const issuer = own.ca.intermediate({ isAuthority: false, uris: [`${own.id}/issuer`] });
    return issuer.issue(leaf).chain;
  })(),
  'no key usage': svid({ keyUsage: null }),
  'a key that must not sign': svid({ keyUsage: [4] }),
  'a key for servers alone': svid({ purposes: ['1.3.6.1.5.5.7.3.1'] }),
  'an unknown critical extension': svid({ unknownCritical: ['1.2.3.4'] }),
  'an unknown critical extension of an intermediate': own.ca
    .intermediate({ unknownCritical: ['1.2.3.4'] })
    .issue(leaf).chain,
  'an intermediate that names a workload': own.ca.intermediate({ uris: [`${own.id}/ca`] }).issue(leaf).chain,
  'an intermediate that must not sign certificates': own.ca
    .intermediate({ keyUsage: [digitalSignature] })
    .issue(leaf).chain,
  'an intermediate that may sign certificates and is no authority': own.ca
    .intermediate({ isAuthority: false, keyUsage: [keyCertSign] })
    .issue(leaf).chain,
  'an expired intermediate': own.ca
    .intermediate({ notBefore: now - 2 * minute, notAfter: now - minute })
    .issue(leaf).chain,
  'more intermediates than the path length allows': own.ca
    .intermediate({ pathLength: 0 })
    .intermediate()
    .issue(leaf).chain,
  'a name outside the constraints of an intermediate': own.ca
    .intermediate({ permittedUris: ['elsewhere.org'] })
    .issue(leaf).chain,
  'a subdomain where the constraint names the host itself': own.ca
    .intermediate({ permittedUris: ['.example.org'] })
    .issue(leaf).chain,
  'an unknown trust domain': createCertificateAuthority('third.org').issue({ uris: ['spiffe://third.org/x'] })
    .chain,
  'the certificate of the authority itself': [own.ca.certificate],
  'an empty chain': [],
  'bytes that are no certificate': [Buffer.from('not a certificate')],
  'a chain of nine': [...svid({}), ...Array.from({ length: 8 }, () => middle.certificate)],
};

for (const [what, chain] of Object.entries(refused)) {
  test(`refuses ${what}`, () => {
    const result = verify(chain);
    assert.ok(result instanceof SvidFault, `it was taken for ${String(result)}`);
    assert.ok(result.detail.length > 10);
  });
}

test('ends with the first certificate of the path that ends', () => {
  const short = own.ca.intermediate({ notAfter: now + minute });
  const result = verifyX509Svid(short.issue(leaf).chain, bundles, now);
  assert.ok(!(result instanceof SvidFault));
  assert.ok(result.expiresAt <= now + minute);
});

test('a chain of look-alike intermediates costs no more than its budget of signatures', () => {
  const twins = Array.from({ length: 7 }, () => own.ca.intermediate({ commonName: 'twin' }));
  const lost = createCertificateAuthority('example.org').intermediate({ commonName: 'twin' }).issue(leaf);
  const begin = performance.now();
  const result = verify([...lost.chain.slice(0, 1), ...twins.map(({ certificate }) => certificate)]);
  assert.ok(result instanceof SvidFault);
  assert.ok(performance.now() - begin < 500);
});

test('no single changed byte of a chain turns a refusal of its kind into an exception', () => {
  const [der] = svid({});
  assert.ok(der !== undefined);
  for (let at = 0; at < der.length; at += 1) {
    const changed = Buffer.from(der);
    changed[at] = (changed[at] ?? 0) ^ 0x41;
    assert.ok(verify([changed]) instanceof SvidFault, `byte ${at}`);
  }
});
