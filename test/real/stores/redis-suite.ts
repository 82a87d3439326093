import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import type { TaskId } from '../../../src/model/task.ts';
import type { HotState, LedgerEntry } from '../../../src/pipeline/store-ports.ts';
import { openRedisHotState } from '../../../src/store/redis/hot-state.ts';
import { hotStateContract } from '../../../src/testing/hot-state.ts';
import { freePort } from '../program.ts';
import { type Redis, startRedis, startRedisCluster } from './start-redis.ts';

const limit = { timeout: 30_000 };
const clock = { now: () => Date.now() };
const call = { calls: 1, bytes: 0 };
const run = promisify(execFile);

/** Registers the tests of the Redis adapter against a server that speaks the protocol. */
export function redisSuite(name: string, program: string): void {
  let redis: Redis;
  let cluster: Redis;
  before(async () => {
    redis = await startRedis({ program });
    cluster = await startRedisCluster(program, 0);
  });
  after(async () => {
    await redis?.stop();
    await cluster?.stop();
  });
  hotStateContract(name, (time) => openRedisHotState(redis.url, time));
  hotStateContract(`${name} cluster`, (time) => openRedisHotState(cluster.url, time));
  outages(name, program);
  lifetimes(name, program);
  openings(name, program);
}

function outages(name: string, program: string): void {
  test(
    `${name}: calls are refused at once while the server is away, and work when it is back`,
    limit,
    async (t) => {
      const { state, server, port } = await own(t, program);
      const { task } = await entered(state);
      await server.stop();
      await sleep(50);
      const begin = performance.now();
      await assert.rejects(async () => state.ledger.take(task, call, Date.now()), /cannot be used/);
      await assert.rejects(
        async () => state.replay.claim(randomUUID(), Date.now() + 60_000),
        /cannot be used/,
      );
      await assert.rejects(async () => state.epochs.since(undefined), /cannot be used/);
      assert.ok(performance.now() - begin < 100, `refused after ${performance.now() - begin} ms`);
      const again = await startRedis({ program, port });
      t.after(again.stop);
      // Nothing was on disk: a task that the server does not know has ended.
      assert.equal(await eventually(async () => state.ledger.take(task, call, Date.now())), 'ended');
      const fresh = await entered(state);
      assert.equal(await state.ledger.take(fresh.task, call, Date.now()), 'taken');
    },
  );

  test(
    `${name}: nudges come again after the server was away, and a cursor of before tells everything`,
    limit,
    async (t) => {
      const { state, server, port } = await own(t, program);
      for (const id of ['a', 'b', 'c']) await state.epochs.bump({ kind: 'user', id }, 1, Date.now() + 60_000);
      const { cursor } = await state.epochs.since(undefined);
      await server.stop();
      const again = await startRedis({ program, port });
      t.after(again.stop);
      const other = await openRedisHotState(again.url, clock);
      t.after(other.close);
      await other.epochs.bump({ kind: 'user', id: 'd' }, 2, Date.now() + 60_000);
      const changes = await eventually(async () => state.epochs.since(cursor));
      assert.deepEqual(changes.bumps, [{ key: { kind: 'user', id: 'd' }, at: 2 }]);
      // The first nudge may be the one of being subscribed again.
      await sleep(1_500);
      const nudged = new Promise<void>((resolve) => state.epochs.onBump(resolve));
      await other.epochs.bump({ kind: 'user', id: 'e' }, 3, Date.now() + 60_000);
      await nudged;
    },
  );

  test(
    `${name}: a server that hangs is given up after half a second, and serves when it goes on`,
    limit,
    async (t) => {
      const { state, port } = await own(t, program);
      const { task } = await entered(state);
      await run('redis-cli', ['-p', String(port), 'CLIENT', 'PAUSE', '4000', 'ALL']);
      const begin = performance.now();
      await assert.rejects(async () => state.ledger.take(task, call, Date.now()), /no answer within 500 ms/);
      assert.ok(performance.now() - begin < 1_000);
      assert.equal(await eventually(async () => state.ledger.take(task, call, Date.now())), 'taken');
    },
  );

  test(
    `${name} cluster: a copy takes over from a node that died, and knows what was spent`,
    limit,
    async (t) => {
      const cluster = await startRedisCluster(program, 1);
      const state = await openRedisHotState(cluster.url, clock);
      t.after(async () => {
        await state.close();
        await cluster.stop();
      });
      // So many that each node has some of them.
      const tasks = await Promise.all(Array.from({ length: 30 }, () => entered(state)));
      for (const { task } of tasks) assert.equal(await state.ledger.take(task, call, Date.now()), 'taken');
      await sleep(200);
      await cluster.stopFirst();
      for (const { task } of tasks)
        assert.deepEqual((await eventually(async () => state.ledger.state(task)))?.left, { calls: 9 });
    },
  );
}

function lifetimes(name: string, program: string): void {
  test(`${name}: everything that is written expires`, limit, async (t) => {
    const { state, port } = await own(t, program);
    const root = await entered(state);
    await state.ledger.open(newTask([root.task]));
    await state.ledger.end(root.task, Date.now());
    await state.epochs.bump({ kind: 'user', id: 'a' }, 1, Date.now() + 60_000);
    await state.replay.claim('proof', Date.now() + 60_000);
    const { stdout } = await run('redis-cli', ['-p', String(port), '--raw', 'KEYS', '*']);
    const keys = stdout.trim().split('\n');
    assert.equal(keys.length, 8, stdout);
    for (const key of keys) {
      const answer = await run('redis-cli', ['-p', String(port), '--raw', 'PTTL', key]);
      const left = Number(answer.stdout);
      assert.ok(left > 3_600_000 && left < 2 * 3_600_000 + 60_000, `${key}: ${left} ms`);
    }
  });

  test(`${name}: what is long over leaves a tree that lives on`, limit, async (t) => {
    const { port } = await own(t, program);
    let time = Date.now();
    const state = await openRedisHotState(`redis://127.0.0.1:${port}`, { now: () => time });
    t.after(state.close);
    const root = { ...newTask(), notAfter: time + 86_400_000 };
    await state.ledger.open(root);
    for (let n = 0; n < 100; n += 1)
      await state.ledger.open({ ...newTask([root.task]), notAfter: time + 1_000 });
    time += 2 * 3_600_000;
    for (let n = 0; n < 64; n += 1)
      await state.ledger.open({ ...newTask([root.task]), notAfter: time + 1_000 });
    const args = ['-p', String(port), '--raw', 'HLEN', `bartizan:tree:{${root.task}}`];
    const { stdout } = await run('redis-cli', args);
    assert.ok(Number(stdout) <= 65 * 4 + 1, stdout);
    assert.equal(await state.ledger.take(root.task, call, time), 'taken');
  });
}

function openings(name: string, program: string): void {
  test(`${name}: a password is used, and no error repeats it`, limit, async (t) => {
    const server = await startRedis({ program, settings: ['--requirepass', 'open/sesame%'] });
    t.after(server.stop);
    const { host } = new URL(server.url);
    const state = await openRedisHotState(`redis://default:open%2Fsesame%25@${host}`, clock);
    assert.equal(await state.replay.claim(randomUUID(), Date.now() + 1_000), true);
    await state.close();
    const told = async (url: string): Promise<string> => {
      const error: unknown = await openRedisHotState(url, clock).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      assert.ok(error instanceof Error);
      assert.equal(error.cause, undefined);
      return `${error.stack} ${JSON.stringify(error)}`;
    };
    const wrong = await told(`redis://default:wr0ng-secret@${host}`);
    assert.match(wrong, /WRONGPASS/);
    assert.doesNotMatch(wrong, /wr0ng-secret/);
    assert.match(await told(`redis://${host}`), /NOAUTH|AUTH/);
    assert.doesNotMatch(await told('redis://default:wr0ng-secret@127.0.0.1:1'), /wr0ng-secret/);
  });

  test(
    `${name}: a server that would forget revocations when memory is short is refused with the mend`,
    limit,
    async (t) => {
      const server = await startRedis({
        program,
        settings: ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'],
      });
      t.after(server.stop);
      await assert.rejects(openRedisHotState(server.url, clock), /set `maxmemory-policy noeviction`/);
    },
  );

  test(`${name}: the certificate of a server is asked for, and must be trusted`, limit, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'bartizan-redis-tls-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    await run('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', certificate]);
    const port = await freePort();
    const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate];
    const settings = ['--tls-port', String(port), '--tls-auth-clients', 'no', ...files];
    const server = await startRedis({ program, settings }).catch((error: Error) => {
      if (error.message.includes('Failed finding TLS support')) return undefined;
      throw error;
    });
    if (server === undefined) return t.skip('this build of the server has no TLS');
    t.after(server.stop);
    await assert.rejects(openRedisHotState(`rediss://localhost:${port}`, clock), /self-signed certificate/);
    const trusted = getCACertificates('default');
    setDefaultCACertificates([...trusted, readFileSync(certificate, 'utf8')]);
    t.after(() => setDefaultCACertificates(trusted));
    const state = await openRedisHotState(`rediss://localhost:${port}`, clock);
    assert.equal(await state.replay.claim(randomUUID(), Date.now() + 1_000), true);
    await state.close();
    await assert.rejects(openRedisHotState(`rediss://127.0.0.1:${port}`, clock), /does not match|altnames/);
  });
}

async function own(t: TestContext, program: string) {
  const server = await startRedis({ program });
  const state = await openRedisHotState(server.url, clock);
  t.after(async () => {
    await state.close();
    await server.stop();
  });
  return { server, state, port: Number(new URL(server.url).port) };
}

function newTask(ancestors: readonly TaskId[] = []): LedgerEntry {
  return {
    task: randomUUID() as string as TaskId,
    ancestors,
    budget: { calls: 10 },
    notAfter: Date.now() + 60_000,
  };
}

async function entered({ ledger }: HotState): Promise<LedgerEntry> {
  const entry = newTask();
  assert.equal(await ledger.open(entry), 'opened');
  return entry;
}

/** What comes of something that may fail for a while. */
async function eventually<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(50);
    }
  }
}
