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
