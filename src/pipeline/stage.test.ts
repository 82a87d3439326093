import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuse } from '../model/refusal.ts';
import { pipeline, type Stage, Stopped } from './stage.ts';

const never = new AbortController().signal;

interface Started {
  readonly start: number;
}

const double: Stage<Started, { readonly doubled: number }> = {
  name: 'double',
  run: ({ start }) => ({ doubled: start * 2 }),
};

const later: Stage<{ readonly doubled: number }, { readonly later: string }> = {
  name: 'later',
  run: async ({ doubled }) => ({ later: `was ${doubled}` }),
};

test('each stage sees what the stages before it proved, and the end sees all', async () => {
  const stages = pipeline<Started>().through(double).through(later);
  assert.deepEqual(await stages.run({ start: 2 }, never), { start: 2, doubled: 4, later: 'was 4' });
});

test('a run does not change what it was started with, and runs do not meet', async () => {
  const stages = pipeline<Started>().through(double);
  const first = Object.freeze({ start: 1 });
  const [one, other] = await Promise.all([stages.run(first, never), stages.run({ start: 5 }, never)]);
  assert.deepEqual(
    [one, other],
    [
      { start: 1, doubled: 2 },
      { start: 5, doubled: 10 },
    ],
  );
  assert.deepEqual(first, { start: 1 });
});

test('adding a stage leaves the pipeline it was added to as it was', async () => {
  const short = pipeline<Started>();
  short.through(double);
  assert.deepEqual(await short.run({ start: 1 }, never), { start: 1 });
});

for (const [how, run] of Object.entries<Stage<Started, object>['run']>({
  'refuses at once': () => refuse('policy_denied', 'no'),
  'refuses later': async () => refuse('policy_denied', 'no'),
})) {
  test(`a stage that ${how} ends the run, and no later stage hears of it`, async () => {
    const unreachable: Stage<Started, object> = { name: 'unreachable', run: () => assert.fail('ran') };
    const stages = pipeline<Started>().through(double).through({ name: 'judge', run }).through(unreachable);
    const stopped = await stages.run({ start: 3 }, never);
    assert.ok(stopped instanceof Stopped);
    assert.deepEqual([stopped.stage, stopped.refusal.code], ['judge', 'policy_denied']);
    assert.deepEqual({ ...stopped.state }, { start: 3, doubled: 6 });
  });
}

for (const [how, run] of Object.entries<Stage<Started, object>['run']>({
  'throws an error': () => {
    throw new Error('broken');
  },
  'throws something that is no error': () => {
    // oxlint-disable-next-line typescript/only-throw-error -- a dependency may throw anything
    throw 'broken';
  },
  rejects: () => Promise.reject(new Error('broken')),
})) {
  test(`a stage that ${how} refuses with an internal fault`, async () => {
    const stopped = await pipeline<Started>().through({ name: 'faulty', run }).run({ start: 1 }, never);
    assert.ok(stopped instanceof Stopped);
    assert.deepEqual([stopped.stage, stopped.refusal.code], ['faulty', 'internal_fault']);
    assert.match(stopped.refusal.detail, /broken/);
  });
}

test('every stage gets the signal of the run', async () => {
  const { signal } = new AbortController();
  const seen: AbortSignal[] = [];
  const look: Stage<Started, object> = {
    name: 'look',
    run: (_, given) => {
      seen.push(given);
      return {};
    },
  };
  await pipeline<Started>().through(look).through(look).run({ start: 1 }, signal);
  assert.deepEqual(seen, [signal, signal]);
});
