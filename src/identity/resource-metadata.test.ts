import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protectedResourceMetadata } from './resource-metadata.ts';

test('the document says what a client needs, and does not offer `offline_access`', () => {
  const facts = { resource: 'https://gw.example/mcp', name: 'Gateway' };
  assert.deepEqual(
    protectedResourceMetadata({
      ...facts,
      authorizationServers: ['https://idp.example'],
      scopes: ['mcp', 'offline_access'],
    }),
    {
      resource: 'https://gw.example/mcp',
      authorization_servers: ['https://idp.example'],
      scopes_supported: ['mcp'],
      bearer_methods_supported: ['header'],
      resource_name: 'Gateway',
    },
  );
  const bare = protectedResourceMetadata({ ...facts, authorizationServers: [], scopes: [] });
  assert.deepEqual(Object.keys(bare), ['resource', 'bearer_methods_supported', 'resource_name']);
});

test('the document says how bound tokens are proven, and which details of an authorization are understood', () => {
  const facts = { resource: 'https://gw.example/mcp', name: 'Gateway', authorizationServers: [], scopes: [] };
  const open = { dpop: true, certificates: true, senderConstrained: 'optional' } as const;
  const authorizationDetailsTypes = ['mcp_task'];
  assert.deepEqual(protectedResourceMetadata({ ...facts, proof: open, authorizationDetailsTypes }), {
    resource: 'https://gw.example/mcp',
    bearer_methods_supported: ['header'],
    authorization_details_types_supported: ['mcp_task'],
    tls_client_certificate_bound_access_tokens: true,
    dpop_signing_alg_values_supported: ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA', 'Ed25519'],
    dpop_bound_access_tokens_required: false,
    resource_name: 'Gateway',
  });
  const proofs = [
    { ...open, senderConstrained: 'required', certificates: false },
    { ...open, senderConstrained: 'required' },
    { ...open, senderConstrained: 'required', dpop: false },
  ] as const;
  // Where a certificate is as good as DPoP, neither is always required (RFC 9728 section 2).
  assert.deepEqual(
    proofs.map(
      (proof) => protectedResourceMetadata({ ...facts, proof })['dpop_bound_access_tokens_required'],
    ),
    [true, false, false],
  );
});
