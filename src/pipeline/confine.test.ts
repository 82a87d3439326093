import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessRequest } from '../model/decision.ts';
import type { JsonObject } from '../model/json.ts';
import type { Task, TaskId, TaskPermission } from '../model/task.ts';
import { testArrival, testCall, testPorts, testReply, testSubject } from '../testing/pipeline-ports.ts';
import { confine, taskRule } from './confine.ts';
import { enforce } from './enforce.ts';
import type { Outcome, Ports } from './ports.ts';
import { toolDigest } from './tool-digest.ts';

const never = new AbortController().signal;

function taskOf(...permissions: readonly TaskPermission[]): Task {
  return {
    id: 'task-1' as TaskId,
    ancestors: [],
    permissions,
    budget: {},
    notAfter: Number.MAX_SAFE_INTEGER,
  };
}

/** What becomes of `read` with the path `a.txt` under a task, and what reached the upstream. */
async function run(
  task: Task,
  change: Partial<Ports> = {},
): Promise<{ readonly outcome: Outcome; readonly relayed: number }> {
  let relayed = 0;
  const ports = testPorts({ identity: { identify: () => testSubject({ task }) }, ...change });
  const relay: Ports['upstreams']['relay'] = async ({ call }) => {
    relayed += 1;
    return testReply(call, { resultType: 'complete', content: [] });
  };
  const call = testCall('tools/call', { name: 'read', arguments: { path: 'a.txt' } });
  const running = enforce({ ...ports, upstreams: { ...ports.upstreams, relay } })(testArrival(call), never);
  return { outcome: await running, relayed };
}

function codeOf({ outcome }: { readonly outcome: Outcome }): string {
  return outcome.kind === 'refused' ? outcome.refusal.code : 'released';
}

test('a task permits nothing that the policy denies', () => {
  const deny = confine({
    decide: () => ({ effect: 'deny', policies: ['no'], errors: [] }),
    couldPermit: () => false,
  });
  const request = {
    subject: testSubject({ task: taskOf({ actions: ['*'] }) }),
    action: { id: 'files:read' },
    resource: { id: 'r', tags: {} },
    args: {},
  };
  assert.deepEqual(deny.decide(request as unknown as AccessRequest).policies, ['no']);
  assert.equal(deny.couldPermit(request as unknown as AccessRequest), false);
});

test('the policy is not even asked about what a task does not cover', () => {
  const confined = confine({ decide: () => assert.fail('asked'), couldPermit: () => assert.fail('asked') });
  const request = {
    subject: testSubject({ task: taskOf({ actions: ['files:write'] }) }),
    action: { id: 'files:read' },
    resource: { id: 'r', tags: {} },
    args: {},
  };
  assert.deepEqual(confined.decide(request as unknown as AccessRequest).policies, [taskRule]);
  assert.equal(confined.couldPermit(request as unknown as AccessRequest), false);
});

test('a call that its task covers passes', async () => {
  const result = await run(
    taskOf({ actions: ['files:r*'], constraints: { 'args.path': ['a.txt', 'b.txt'] } }),
  );
  assert.equal(codeOf(result), 'released');
  assert.equal(result.relayed, 1);
});

test('a call with arguments that its task does not cover is outside of it, and never leaves', async () => {
  const result = await run(taskOf({ actions: ['files:read'], constraints: { 'args.path': ['b.txt'] } }));
  assert.equal(codeOf(result), 'outside_task');
  assert.equal(result.relayed, 0);
  for (const place of ['args.other', 'resource.tags.team', 'context.time']) {
    const missing = await run(taskOf({ actions: ['files:read'], constraints: { [place]: ['a.txt'] } }));
    assert.equal(codeOf(missing), 'outside_task');
  }
});

test('a tool that its task does not cover with any arguments does not exist', async () => {
  const result = await run(taskOf({ actions: ['files:write', 'other:*'] }));
  assert.equal(codeOf(result), 'primitive_unknown');
  assert.equal(result.relayed, 0);
});

test('a list shows the tools of the task alone', async () => {
  const ports = testPorts({
    identity: { identify: () => testSubject({ task: taskOf({ actions: ['files:write'] }) }) },
  });
  const outcome = await enforce(ports)(testArrival(testCall('tools/list', {})), never);
  assert.ok(outcome.kind === 'released');
  const result = outcome.reply.document.value['result'] as JsonObject;
  assert.deepEqual(
    (result['tools'] as JsonObject[]).map(({ name }) => name),
    ['write'],
  );
});

test('a tool whose definition has changed since the grant is another one', async () => {
  const pinned = (item: JsonObject): Task =>
    taskOf({ actions: ['files:read'], digests: { 'files:read': toolDigest(item) } });
  assert.equal(codeOf(await run(pinned({ name: 'read' }))), 'released');
  const changed = await run(pinned({ name: 'read', description: 'before the change' }));
  assert.equal(codeOf(changed), 'tool_changed');
  assert.equal(changed.relayed, 0);
});

test('a digest tells no order of members and no `_meta`, and everything else', () => {
  const one = { name: 'read', inputSchema: { type: 'object', required: ['a', 'b'] }, _meta: { n: 1 } };
  const same = { inputSchema: { required: ['a', 'b'], type: 'object' }, name: 'read', _meta: { n: 2 } };
  assert.equal(toolDigest(one), toolDigest(same));
  for (const other of [
    { ...one, name: 'Read' },
    { ...one, description: '' },
    { ...one, inputSchema: { type: 'object', required: ['b', 'a'] } },
    { ...one, annotations: { readOnlyHint: true } },
  ]) {
    assert.notEqual(toolDigest(other), toolDigest(one));
  }
  assert.match(toolDigest(one), /^sha-256:[A-Za-z0-9_-]{43}$/);
});

test('one permission without a pin is enough, and a pin of another permission is not in its way', async () => {
  const stale = { actions: ['files:read'], digests: { 'files:read': 'sha-256:stale' } };
  assert.equal(codeOf(await run(taskOf(stale, { actions: ['files:*'] }))), 'released');
  const constrained = { actions: ['files:*'], constraints: { 'args.path': ['b.txt'] } };
  assert.equal(codeOf(await run(taskOf(stale, constrained))), 'tool_changed');
});

test('what a task is refused for is recorded with the rule, and the answer names a remedy', async () => {
  const ports = testPorts({
    identity: {
      identify: () =>
        testSubject({ task: taskOf({ actions: ['files:read'], constraints: { 'args.path': ['b.txt'] } }) }),
    },
  });
  const call = testCall('tools/call', { name: 'read', arguments: { path: 'a.txt' } });
  await enforce(ports)(testArrival(call), never);
  const [record] = ports.records as unknown as readonly JsonObject[];
  assert.deepEqual([record?.['denial'], record?.['policies']], ['outside_task', [taskRule]]);
});
