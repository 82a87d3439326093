import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCpuMicros, readResidentKib } from '../cpu.ts';
import { runClosed } from '../load/closed.ts';
import { openSession } from '../load/session.ts';
import { holdStreams } from '../load/streams.ts';
import { nodeLaunch, type Started, startAnnounced } from '../processes.ts';
import type { Listening } from '../protocol.ts';
import { matrixShapes } from '../shapes.ts';
import { compositions } from './compose.ts';
import { ladder, type VariantName } from './names.ts';
import { startVariant, type Variant } from './start.ts';

let upstream: { started: Started; line: Listening };
const started: Variant[] = [];

const startProxy = async (name: VariantName): Promise<Variant> => {
  const variant = await startVariant(name, { upstream: upstream.line, scratch: '', proxyCpu: undefined });
  assert.ok(!('absent' in variant));
  started.push(variant);
  return variant;
};

before(async () => {
  const launched = await startAnnounced(nodeLaunch('./upstream/main.ts', [], undefined));
  assert.ok('url' in launched.line);
  upstream = { started: launched.started, line: launched.line };
});

after(async () => {
  for (const { process } of started) await process?.stop();
  await upstream.started.stop();
});

for (const name of ['bare', 'raw'] as const) {
  test(`${name} passes every shape of call byte for byte, each to the upstream once`, async () => {
    const { listening: target } = await startProxy(name);
    for (const shape of matrixShapes) {
      const served = await upstream.started.ask('served', null);
      const session = await openSession({ target, shape, connections: 4, warmMs: 0 });
      const result = await runClosed(session, 40);
      session.close();
      assert.ok(result.completed > 0, shape.name);
      assert.deepEqual([result.wrong, result.altered, result.example], [0, 0, undefined], shape.name);
      assert.equal((await upstream.started.ask('served', null)) - served, result.completed);
    }
  });

  test(`${name} passes the first event of a stream that stays open`, async () => {
    const { listening: target } = await startProxy(name);
    const streams = await holdStreams(target, 20);
    streams.close();
    assert.deepEqual([streams.opened, streams.example], [20, undefined]);
  });
}

test('the CPU clock of a process runs while it works and stands while it sleeps', {
  skip: readCpuMicros(process.pid) === undefined ? 'this system does not tell' : false,
}, async () => {
  const { listening: target, process: proxy } = await startProxy('bare');
  assert.ok(proxy !== undefined);
  const session = await openSession({ target, shape: matrixShapes[0]!, connections: 4, warmMs: 0 });
  await runClosed(session, 100);
  await sleep(20);
  const before = readCpuMicros(proxy.pid)!;
  await runClosed(session, 100);
  await sleep(20);
  const worked = readCpuMicros(proxy.pid)! - before;
  await sleep(100);
  const slept = readCpuMicros(proxy.pid)! - before - worked;
  session.close();
  assert.ok(worked > 2_000, `worked ${worked} us`);
  assert.ok(slept < worked / 2, `slept ${slept} us, worked ${worked} us`);
  assert.ok(readResidentKib(proxy.pid)! > 10_000);
});

const unbuilt = ladder.find((step) => compositions[step] === undefined);

test('a step of the ladder that is not built says so and leaves no process', {
  skip: unbuilt === undefined ? 'every step is built' : false,
}, async () => {
  const surroundings = { upstream: upstream.line, scratch: tmpdir(), proxyCpu: undefined };
  assert.deepEqual(await startVariant(unbuilt!, surroundings), { absent: 'not built yet' });
});

test('a process that ends before it listens is reported with what it said', async () => {
  const launch = nodeLaunch('./variants/gateway.ts', ['+nonsense', upstream.line.url, ''], undefined);
  await assert.rejects(startAnnounced(launch), /ended with 1 before it listened.*unknown step `\+nonsense`/s);
});
