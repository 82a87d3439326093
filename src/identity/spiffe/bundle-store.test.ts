import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrustDomain } from '../../model/spiffe-id.ts';
import { bundleDocument, readBundle } from './bundle-document.ts';
import { createBundleStore } from './bundle-store.ts';
import { createTestDomain } from './testing/trust-domain.ts';

const domain = createTestDomain('example.org');
const name = 'example.org' as TrustDomain;
const bundle = readBundle(
  bundleDocument({ x509: [domain.ca.certificate], jwt: [domain.jwt.jwk], sequence: 1, refreshHint: 1 }),
);

test('the copy of an endpoint fills nothing in that the Workload API leaves out', () => {
  const store = createBundleStore(() => undefined);
  store.setEndpoint(name, bundle);
  assert.equal(store.jwt(name)?.length, 1);
  store.setX509('svids', new Map([[name, bundle.x509]]));
  assert.equal(store.jwt(name), undefined, 'the agent brings this trust domain, and no key for tokens');
  store.setX509('svids', undefined);
  assert.equal(store.jwt(name)?.length, 1);
});

test('what came with the SVIDs goes before FetchX509Bundles, also where it leaves a trust domain out', () => {
  const store = createBundleStore(() => undefined);
  store.setX509('bundles', new Map([[name, bundle.x509]]));
  assert.equal(store.x509(name)?.length, 1);
  store.setX509('svids', new Map());
  assert.equal(store.x509(name), undefined);
});
