import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochKeysOf } from './epoch-keys.ts';
import type { TaskId } from './task.ts';

test('whoever is named in the chain can end a subject: user, agents, device, token and tasks', () => {
  const keys = epochKeysOf({
    user: { issuer: 'https://idp.example', subject: 'ada', roles: [], groups: [], claims: {} },
    agent: { id: 'helper', actsFor: ['coder'] },
    device: { id: 'laptop-7', managed: true },
    tokenId: 'jti-1',
    task: {
      id: 'child' as TaskId,
      ancestors: ['parent' as TaskId],
      permissions: [],
      budget: {},
      notAfter: 0,
    },
  });
  assert.deepEqual(
    keys.map(({ kind, id }) => `${kind} ${id}`),
    [
      'user https://idp.example ada',
      'agent helper',
      'agent coder',
      'device laptop-7',
      'token jti-1',
      'task parent',
      'task child',
    ],
  );
});

test('what is not known of a subject ends nothing', () => {
  const user = { issuer: 'https://idp.example', subject: 'ada', roles: [], groups: [], claims: {} };
  const keys = epochKeysOf({ user, agent: { id: 'helper' }, device: { managed: false } });
  assert.deepEqual(
    keys.map(({ kind }) => kind),
    ['user', 'agent'],
  );
});
