import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochKeysIn } from './claim-keys.ts';

test('claims hang on their user, every agent, the device, the token, the task and those above it', () => {
  const keys = epochKeysIn(
    {
      sub: 'https://idp.example#ada',
      sub_id: { format: 'iss_sub', iss: 'https://idp.example', sub: 'ada' },
      client_id: 'helper',
      act: { sub: 'helper', act: { sub: 'coder' } },
      device: { id: 'laptop-7' },
      jti: 'token-1',
      txn: 'task-2',
      task_ancestors: ['task-1'],
    },
    'https://gw.example/as',
  );
  assert.deepEqual(
    keys.map(({ kind, id }) => `${kind} ${id}`),
    [
      'user https://idp.example ada',
      'agent helper',
      'agent coder',
      'device laptop-7',
      'token token-1',
      'task task-1',
      'task task-2',
    ],
  );
});

test('a user without another issuer is one of ours', () => {
  const [user] = epochKeysIn({ sub: 'u-1', client_id: 'app' }, 'https://gw.example/as');
  assert.deepEqual(user, { kind: 'user', id: 'https://gw.example/as u-1' });
});
