import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startWith } from './gateway.ts';

const url = 'http://127.0.0.1:9/mcp';

test('accounts without a login are refused at the start, with the mend', async () => {
  await assert.rejects(
    startWith({
      servers: { notes: { url, auth: { kind: 'oauth' } } },
      authorizationServer: { enabled: false },
    }),
    /server `notes`: `auth\.kind: oauth` needs `authorizationServer\.enabled`/,
  );
});

test('a workload that has no SPIFFE, or no SPIFFE ID, is refused at the start', async () => {
  const auth = { kind: 'workload-jwt', spiffeId: 'spiffe://company.com/deputy' };
  await assert.rejects(startWith({ servers: { notes: { url, auth } } }), /needs `spiffe`/);
  const spiffe = { socket: 'unix:///nowhere/agent.sock' };
  const wrong = { ...auth, spiffeId: 'spiffe://company.com/agent/*' };
  await assert.rejects(startWith({ servers: { notes: { url, auth: wrong } }, spiffe }), /is no SPIFFE ID/);
});
