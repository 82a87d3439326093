import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRevocations } from '../../src/identity/revocation/revocations.ts';
import { withImplicitTasks } from '../../src/identity/task/implicit.ts';
import { createTasks } from '../../src/identity/task/tasks.ts';
import type { TaskTemplate } from '../../src/identity/task/template.ts';
import { refuse } from '../../src/model/refusal.ts';
import { principalKey, type Subject } from '../../src/model/subject.ts';
import type { Task, TaskId } from '../../src/model/task.ts';
import { enforce } from '../../src/pipeline/enforce.ts';
import type { Outcome, Ports } from '../../src/pipeline/ports.ts';
import type { EpochKey, HotState } from '../../src/pipeline/store-ports.ts';
import { memoryHotState } from '../../src/store/memory/hot-state.ts';
import {
  testArrival,
  testCall,
  testPorts,
  testReply,
  testSubject,
} from '../../src/testing/pipeline-ports.ts';

const never = new AbortController().signal;
const call = testCall('tools/call', { name: 'read', arguments: {} });
const listen = testCall('subscriptions/listen', { notifications: { toolsListChanged: true } });
const clock = {
  now: Date.now,
  microseconds: () => performance.now() * 1000,
  uuid: () => crypto.randomUUID(),
};

function codeOf(outcome: Outcome): string {
  return outcome.kind === 'refused' ? outcome.refusal.code : 'released';
}

/** One replica on a shared state: the pipeline with tasks, in front of what answers or hangs. */
async function replica(
  hot: HotState,
  subject: Subject,
  change: Partial<Ports> = {},
): Promise<{
  readonly run: (asked?: typeof call) => Promise<Outcome>;
  readonly ports: Ports;
  readonly close: () => void;
}> {
  const revocations = await createRevocations({ epochs: hot.epochs, clock, report: () => undefined });
  const tasks = createTasks({ ledger: hot.ledger, revocations, clock });
  const ports = testPorts({ clock, tasks, identity: { identify: () => subject }, ...change });
  const run = enforce(ports);
  return { run: (asked = call) => run(testArrival(asked), never), ports, close: revocations.close };
}

/** An upstream that never answers and never ends a stream, until it is told to. */
function hanging(started: () => void): Ports['upstreams'] {
  const untilAborted = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      started();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  return {
    relay: (_order, signal) => untilAborted(signal).then(() => refuse('cancelled', 'aborted')),
    listen: ({ ready }, signal) => {
      ready();
      return untilAborted(signal);
    },
  };
}

async function openTask(hot: HotState, change: Partial<Task> = {}): Promise<Task> {
  const task: Task = {
    id: crypto.randomUUID() as TaskId,
    ancestors: [],
    permissions: [{ actions: ['*'] }],
    budget: { calls: 10 },
    notAfter: Date.now() + 60_000,
    ...change,
  };
  const { id, ancestors, budget, notAfter } = task;
  assert.equal(await hot.ledger.open({ task: id, ancestors, budget, notAfter }), 'opened');
  return task;
}

function holder(task: Task | undefined, change: Partial<Subject> = {}): Subject {
  const subject = testSubject({
    issuedAt: Date.now() - 1_000,
    device: { managed: true, id: 'laptop-7' },
    tokenId: 'jti-1',
    ...change,
  });
  if (task === undefined) return subject;
  return {
    ...subject,
    task,
    expiresAt: task.notAfter,
    principal: principalKey(subject.user, subject.agent, task),
  };
}

test('of a hundred parallel calls against a budget of ten, over two replicas, exactly ten reach the upstream', async () => {
  const hot = memoryHotState(clock);
  const subject = holder(await openTask(hot));
  let relayed = 0;
  const upstreams: Ports['upstreams'] = {
    ...testPorts().upstreams,
    relay: async (order) => {
      relayed += 1;
      return testReply(order.call, { resultType: 'complete', content: [] });
    },
  };
  const [one, two] = await Promise.all([
    replica(hot, subject, { upstreams }),
    replica(hot, subject, { upstreams }),
  ]);
  const outcomes = await Promise.all(Array.from({ length: 100 }, (_, n) => (n % 2 === 0 ? one : two).run()));
  const codes = outcomes.map(codeOf);
  assert.equal(codes.filter((code) => code === 'released').length, 10);
  assert.equal(codes.filter((code) => code === 'budget_exhausted').length, 90);
  assert.equal(relayed, 10);
  one.close();
  two.close();
});

const ends: Readonly<Record<string, (subject: Subject) => EpochKey>> = {
  'its user': ({ user }) => ({ kind: 'user', id: `${user.issuer} ${user.subject}` }),
  'its agent': ({ agent }) => ({ kind: 'agent', id: agent.id }),
  'its device': () => ({ kind: 'device', id: 'laptop-7' }),
  'its token': () => ({ kind: 'token', id: 'jti-1' }),
  'its task': ({ task }) => ({ kind: 'task', id: String(task?.id) }),
};

for (const [what, keyOf] of Object.entries(ends)) {
  test(`a call and a stream that run end within a second of ${what} ending on another replica`, async () => {
    const hot = memoryHotState(clock);
    const subject = holder(await openTask(hot));
    let started = 0;
    const here = await replica(hot, subject, {
      upstreams: hanging(() => {
        started += 1;
      }),
    });
    const there = await createRevocations({ epochs: hot.epochs, clock, report: () => undefined });
    const running = [here.run(call), here.run(listen)];
    while (started < 2) await new Promise(setImmediate);
    const before = performance.now();
    await there.bump(keyOf(subject));
    const codes = (await Promise.all(running)).map(codeOf);
    assert.ok(performance.now() - before < 1_000);
    // A stream that ends tells its client so by its end; nothing is left to be refused.
    assert.deepEqual(codes, ['task_ended', 'released']);
    assert.equal(codeOf(await here.run()), 'task_ended');
    here.close();
    there.close();
  });
}

test('what runs ends with the deadline of its task', async () => {
  const hot = memoryHotState(clock);
  const subject = holder(await openTask(hot, { notAfter: Date.now() + 150 }));
  const { run, close } = await replica(hot, subject, { upstreams: hanging(() => undefined) });
  const before = performance.now();
  const codes = (await Promise.all([run(call), run(listen)])).map(codeOf);
  const took = performance.now() - before;
  assert.deepEqual(codes, ['task_ended', 'released']);
  assert.ok(took < 1_100, `it took ${took} ms`);
  assert.equal(codeOf(await run()), 'task_ended');
  close();
});

test('the end of a parent ends the calls of what was delegated from it', async () => {
  const hot = memoryHotState(clock);
  const parent = await openTask(hot);
  const child = await openTask(hot, { ancestors: [parent.id] });
  let started = 0;
  const { run, close } = await replica(hot, holder(child), {
    upstreams: hanging(() => {
      started += 1;
    }),
  });
  const running = run();
  while (started < 1) await new Promise(setImmediate);
  await hot.ledger.end(parent.id, Date.now());
  assert.equal(codeOf(await running), 'task_ended');
  assert.equal(codeOf(await run()), 'task_ended');
  close();
});

test('a subject without a task is watched for revocations alone', async () => {
  const hot = memoryHotState(clock);
  const subject = holder(undefined);
  const { run, close } = await replica(hot, subject);
  assert.equal(codeOf(await run()), 'released');
  await hot.epochs.bump({ kind: 'user', id: 'https://idp.example ada' }, Date.now(), Date.now() + 60_000);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(codeOf(await run()), 'task_ended');
  close();
});

test('a task that the ledger does not know is over', async () => {
  const hot = memoryHotState(clock);
  const task = await openTask(memoryHotState(clock));
  const { run, close } = await replica(hot, holder(task));
  assert.equal(codeOf(await run()), 'task_ended');
  close();
});

test('a ledger out of reach and a view that is stale refuse as overloaded', async () => {
  const hot = memoryHotState(clock);
  const subject = holder(await openTask(hot));
  const lost = {
    open: () => assert.fail('not asked'),
    take: () => Promise.reject(new Error('out of reach')),
  };
  const live = { isRevoked: () => false, watch: () => never, stale: () => false };
  const unreachable = createTasks({ ledger: lost, revocations: live, clock });
  const stale = createTasks({ ledger: hot.ledger, revocations: { ...live, stale: () => true }, clock });
  for (const tasks of [unreachable, stale]) {
    const { run, close } = await replica(hot, subject, { tasks });
    assert.equal(codeOf(await run()), 'overloaded');
    close();
  }
});

test('bytes are charged against the ledger', async () => {
  const hot = memoryHotState(clock);
  const task = await openTask(hot, { budget: { bytes: 700 } });
  const upstreams: Ports['upstreams'] = {
    ...testPorts().upstreams,
    relay: async (order) =>
      testReply(order.call, { resultType: 'complete', content: [{ type: 'text', text: 'x'.repeat(200) }] }),
  };
  const { run, close } = await replica(hot, holder(task), { upstreams });
  const codes = [codeOf(await run()), codeOf(await run()), codeOf(await run())];
  assert.deepEqual(codes, ['released', 'budget_exhausted', 'budget_exhausted']);
  assert.ok(((await hot.ledger.state(task.id))?.left.bytes ?? -1) >= 0);
  close();
});

const narrowest: TaskTemplate = {
  actions: ['files:read'],
  constraints: {},
  calls: 3,
  purpose: 'look around',
};

test('tokens that name no task share one implicit task over replicas, and each token has its own', async () => {
  const hot = memoryHotState(clock);
  const forToken = (tokenId: string): Ports['identity'] =>
    withImplicitTasks(
      { identify: () => holder(undefined, { tokenId, expiresAt: Date.now() + 600_000 }) },
      narrowest,
      clock,
    );
  const subject = holder(undefined, { expiresAt: Date.now() + 600_000 });
  const identity = (): Ports['identity'] => withImplicitTasks({ identify: () => subject }, narrowest, clock);
  const one = await replica(hot, subject, { identity: identity() });
  const two = await replica(hot, subject, { identity: identity() });
  const codes = (await Promise.all([one, two, one, two, one].map(({ run }) => run()))).map(codeOf);
  assert.deepEqual(codes.toSorted(), [
    'budget_exhausted',
    'budget_exhausted',
    'released',
    'released',
    'released',
  ]);
  const other = await replica(hot, subject, { identity: forToken('jti-2') });
  assert.equal(codeOf(await other.run()), 'released');
  assert.equal(
    codeOf(await other.run(testCall('tools/call', { name: 'write', arguments: {} }))),
    'primitive_unknown',
  );
  for (const { close } of [one, two, other]) close();
});

test('an implicit task shares the principal of its user and agent, keeps a real task, and ends with its time', async () => {
  const credentials = testArrival(call).credentials;
  const subject = holder(undefined, { issuedAt: 1_000_000, expiresAt: 9_000_000 });
  const identity = withImplicitTasks({ identify: () => subject }, { ...narrowest, seconds: 60 }, clock);
  const found = await identity.identify(credentials);
  assert.ok('task' in found && found.task?.implicit === true);
  assert.equal(found.principal, subject.principal);
  assert.equal(found.task.notAfter, 1_060_000);
  assert.equal(await identity.identify(credentials), found);
  const granted = holder(await openTask(memoryHotState(clock)));
  assert.equal(
    await withImplicitTasks({ identify: () => granted }, narrowest, clock).identify(credentials),
    granted,
  );
  const refused = refuse('token_missing', 'none');
  assert.equal(
    await withImplicitTasks({ identify: () => refused }, narrowest, clock).identify(credentials),
    refused,
  );
});
