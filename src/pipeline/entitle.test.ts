import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessRequest } from '../model/decision.ts';
import type { Listed } from '../model/primitive.ts';
import { refuse } from '../model/refusal.ts';
import { parseServerId, type ServerId } from '../model/server-id.ts';
import { principalKey, type Subject } from '../model/subject.ts';
import type { TaskId } from '../model/task.ts';
import { testPorts, testSubject } from '../testing/pipeline-ports.ts';
import { type EntitledAction, entitle } from './entitle.ts';
import type { Ports } from './ports.ts';
import { toolDigest } from './tool-digest.ts';

const [github, docs] = ['github', 'docs'].map((id) => parseServerId(id) as ServerId) as [ServerId, ServerId];
const tools: Readonly<Record<string, readonly string[]>> = {
  github: ['create_pr', 'get_file', 'get_secret'],
  docs: ['search'],
};

function listed(server: ServerId, name: string): Listed {
  return { primitive: { server, kind: 'tool', name }, item: { name, description: `${name} of ${server}` } };
}

/** The answer for a subject that the policy permits everything but secrets. */
async function ask(
  patterns: readonly string[],
  change: Partial<Ports> = {},
  subject: Subject = testSubject(),
): Promise<{ readonly found: readonly EntitledAction[]; readonly asked: string[] }> {
  const asked: string[] = [];
  const ports = testPorts();
  const catalog: Ports['catalog'] = {
    ...ports.catalog,
    list: (server, kind, caller) => {
      asked.push(`${server} ${kind} ${caller.subject.principal}`);
      return (tools[server] ?? []).map((name) => listed(server, name));
    },
  };
  const policy = {
    ...ports.policy,
    couldPermit: ({ action }: AccessRequest) => !action.id.includes('secret'),
  };
  const run = entitle({ ports: { ...ports, catalog, policy, ...change }, servers: () => [github, docs] });
  return { found: await run(subject, patterns, '192.0.2.7'), asked };
}

function actions({ found }: { readonly found: readonly EntitledAction[] }): readonly string[] {
  return found.map(({ action }) => action);
}

test('a pattern becomes the tools that the policy could permit, each with its digest', async () => {
  const { found } = await ask(['github:get_*', 'docs:search']);
  assert.deepEqual(found, [
    { action: 'github:get_file', digest: toolDigest(listed(github, 'get_file').item) },
    { action: 'docs:search', digest: toolDigest(listed(docs, 'search').item) },
  ]);
});

test('only the servers that a pattern speaks of are asked', async () => {
  assert.equal((await ask(['github:create_pr'])).asked.length, 1);
  assert.equal((await ask(['git*'])).asked.length, 1);
  assert.equal((await ask(['*'])).asked.length, 2);
  assert.deepEqual(await ask(['gitlab:x', 'github-enterprise:x']), { found: [], asked: [] });
});

test('methods pass as they are where the server exists, and ask no list', async () => {
  const named = await ask(['github:resources/read', 'other:resources/read', 'docs:prompts/get']);
  assert.deepEqual(named.found, [{ action: 'github:resources/read' }, { action: 'docs:prompts/get' }]);
  assert.deepEqual(named.asked, []);
  assert.deepEqual(actions(await ask(['docs:*'])), [
    'docs:search',
    'docs:resources/read',
    'docs:prompts/get',
    'docs:completion/complete',
  ]);
});

test('the list is that of the task, so that it is there for its first call', async () => {
  const task = {
    id: 'task-1' as TaskId,
    ancestors: [],
    permissions: [{ actions: ['github:get_*'] }],
    budget: {},
    notAfter: Number.MAX_SAFE_INTEGER,
  };
  const plain = testSubject();
  const principal = principalKey(plain.user, plain.agent, task);
  const { found, asked } = await ask(['github:*'], {}, { ...plain, task, principal });
  assert.deepEqual(asked, [`github tool ${principal}`]);
  assert.deepEqual(found[0]?.action, 'github:get_file');
  assert.ok(!actions({ found }).includes('github:create_pr'), 'more than the task covers');
});

test("a tool that hides text in its description is nobody's", async () => {
  const finding = {
    code: 'hidden-text.tag',
    action: 'block',
    at: '/description',
    message: 'hidden text',
  } as const;
  const guard = { ...testPorts().guard, description: () => [finding] };
  assert.deepEqual(actions(await ask(['docs:search'], { guard })), []);
});

test('a server that cannot be asked passes nothing; one that waits for an account passes what was asked, unpinned', async () => {
  const failing = (code: 'upstream_failed' | 'connection_required'): Partial<Ports> => ({
    catalog: { ...testPorts().catalog, list: () => refuse(code, 'test') },
  });
  assert.deepEqual(await ask(['github:create_pr'], failing('upstream_failed')).then(actions), []);
  const waiting = await ask(['github:create_pr'], failing('connection_required'));
  assert.deepEqual(waiting.found, [{ action: 'github:create_pr' }]);
});

test('what depends on the network is asked with the peer of the request', async () => {
  const peers: string[] = [];
  const policy: Ports['policy'] = {
    ...testPorts().policy,
    couldPermit: ({ environment }) => {
      peers.push(environment.peer);
      return true;
    },
  };
  await ask(['docs:search'], { policy });
  assert.deepEqual(peers, ['192.0.2.7']);
});
