import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metadataUrlOf, protectedResourceMetadata, rootMetadataUrlOf } from './resource-metadata.ts';

test('the well-known part goes between host and path', () => {
  const place = 'https://gw.example/.well-known/oauth-protected-resource';
  assert.equal(metadataUrlOf('https://gw.example/mcp/files'), `${place}/mcp/files`);
  assert.equal(metadataUrlOf('https://gw.example'), place);
  assert.equal(metadataUrlOf('https://gw.example/'), place);
  assert.equal(metadataUrlOf('https://gw.example/mcp?tenant=a'), `${place}/mcp?tenant=a`);
  assert.equal(rootMetadataUrlOf('https://gw.example/mcp/files'), place);
});

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
