import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { Client } from 'pg';
import type { TaskId } from '../../../src/model/task.ts';
import type { HotState, LedgerEntry } from '../../../src/pipeline/store-ports.ts';
import { openPostgresDocuments } from '../../../src/store/postgres/documents.ts';
import { openPostgresHotState } from '../../../src/store/postgres/hot-state.ts';
import { documentsContract } from '../../../src/testing/documents.ts';
import { hotStateContract } from '../../../src/testing/hot-state.ts';
import { type Postgres, startPostgres } from './start-postgres.ts';

const limit = { timeout: 60_000 };
const clock = { now: () => Date.now() };
const call = { calls: 1, bytes: 0 };

let postgres: Postgres;
before(async () => {
  postgres = await startPostgres({ tls: true });
});
after(async () => {
  await postgres?.stop();
});

hotStateContract('postgres', (time) => openPostgresHotState(postgres.url, time));
documentsContract('postgres', (time) => openPostgresDocuments(postgres.url, time));

test('a bump that is not yet committed is never passed by a cursor', limit, async (t) => {
  const url = await freshDatabase(t);
  const [one, other] = [await opened(t, url), await opened(t, url)];
  await one.epochs.bump(userKey('before'), 1, Date.now() + 60_000);
  const { cursor } = await one.epochs.since(undefined);
  const slow = await admin(t, url);
  await slow.query('BEGIN');
  await slow.query('UPDATE bartizan_epoch_origin SET change = change + 1');
  const later = one.epochs.bump(userKey('later'), 3, Date.now() + 60_000);
  await sleep(200);
  const during = await other.epochs.since(cursor);
  assert.deepEqual(during.bumps, []);
  await slow.query(
    `INSERT INTO bartizan_epoch (key, name, at, keep_until, change)
     SELECT 'x', '["user","slow"]', 2, ${Date.now() + 60_000}, change FROM bartizan_epoch_origin`,
  );
  await slow.query('COMMIT');
  await later;
  const { bumps } = await other.epochs.since(during.cursor);
  assert.deepEqual(
    bumps.map(({ key }) => key.id),
    ['slow', 'later'],
  );
});

test('a cursor of after the backup that was restored tells everything', limit, async (t) => {
  const url = await freshDatabase(t);
  const state = await opened(t, url);
  for (const id of ['a', 'b', 'c']) await state.epochs.bump(userKey(id), 1, Date.now() + 60_000);
  const { cursor } = await state.epochs.since(undefined);
  const client = await admin(t, url);
  await client.query(
    'DELETE FROM bartizan_epoch WHERE change > 1; UPDATE bartizan_epoch_origin SET change = 1',
  );
  assert.deepEqual((await state.epochs.since(cursor)).bumps, [{ key: userKey('a'), at: 1 }]);
});

test('gateways that start at once on an empty database make its tables once', limit, async (t) => {
  const url = await freshDatabase(t);
  const states = await Promise.all(Array.from({ length: 6 }, () => opened(t, url)));
  await Promise.all(states.map((state) => entered(state)));
  const { rows } = await (await admin(t, url)).query('SELECT version FROM bartizan_schema');
  assert.equal(rows.length, 1);
});

test('tables of a newer version are refused and left as they were', limit, async (t) => {
  const url = await freshDatabase(t);
  await opened(t, url);
  const client = await admin(t, url);
  await client.query('UPDATE bartizan_schema SET version = 99');
  await assert.rejects(
    openPostgresDocuments(url, clock),
    /newer version \(tables 99, known \d+\): run that version/,
  );
  const { rows } = await client.query('SELECT version FROM bartizan_schema');
  assert.deepEqual(rows, [{ version: 99 }]);
});

test(
  'a user that may make no tables uses those that are there, or is told what to grant',
  limit,
  async (t) => {
    const url = await freshDatabase(t);
    const client = await admin(t, url);
    const user = `user_${randomUUID().replaceAll('-', '')}`;
    await client.query(`CREATE ROLE ${user} LOGIN PASSWORD 'sesame'`);
    const weak = new URL(url);
    [weak.username, weak.password] = [user, 'sesame'];
    await assert.rejects(openPostgresHotState(weak.href, clock), /grant it CREATE on the schema/);
    await opened(t, url);
    await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${user}`);
    await client.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${user}`);
    const state = await opened(t, weak.href);
    const { task } = await entered(state);
    assert.deepEqual(await state.ledger.end(task, Date.now()), [task]);
    const documents = await openPostgresDocuments(weak.href, clock);
    assert.equal(await documents.put('a', 'b', { value: {} }), 1);
    await documents.close();
  },
);

test('what cannot be opened is told with the mend and without the password', limit, async () => {
  const told = async (change: (url: URL) => void): Promise<string> => {
    const url = new URL(postgres.url);
    change(url);
    const secret = url.password;
    const error: unknown = await openPostgresHotState(url.href, clock).catch((cause: unknown) => cause);
    assert.ok(error instanceof Error, 'it was opened');
    assert.ok(!inspect(error, { depth: null, showHidden: true }).includes(secret), 'the password is told');
    return error.message;
  };
  const wrong = await told((url) => {
    url.password = 'wr0ng-secret';
  });
  assert.match(
    wrong,
    /^the database `127\.0\.0\.1:\d+\/postgres` cannot be used: it turned the password down/,
  );
  const missing = await told((url) => {
    url.pathname = '/nowhere';
  });
  assert.match(missing, /there is no such database: make it with `createdb`/);
  const silent = await told((url) => {
    url.port = '1';
  });
  assert.match(silent, /nothing listens there: start the server/);
  const trust = await told((url) => {
    url.searchParams.set('sslmode', 'verify-full');
  });
  assert.match(trust, /self-signed certificate/);
});

test('TLS is used as the URL says', limit, async (t) => {
  const url = new URL(postgres.url);
  url.searchParams.set('sslmode', 'require');
  url.searchParams.set('sslrootcert', postgres.certificate);
  await opened(t, url.href);
  const { rows } = await (await admin(t, postgres.url)).query(
    "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'bartizan' AND ssl",
  );
  assert.ok(rows.length > 0, 'no connection is encrypted');
  url.hostname = 'localhost';
  await assert.rejects(openPostgresHotState(url.href, clock), /altnames/);
});

test(
  'a call that waits for a lock too long is refused, and works when the lock is gone',
  limit,
  async (t) => {
    const url = await freshDatabase(t);
    const state = await opened(t, url);
    const { task } = await entered(state);
    const client = await admin(t, url);
    await client.query('BEGIN; LOCK TABLE bartizan_task');
    const begin = performance.now();
    await assert.rejects(async () => state.ledger.take(task, call, Date.now()), /took too long/);
    assert.ok(performance.now() - begin < 4_000);
    await client.query('ROLLBACK');
    assert.equal(await state.ledger.take(task, call, Date.now()), 'taken');
    assert.deepEqual((await state.ledger.state(task))?.left, { calls: 9 });
  },
);

test('a database that hangs refuses calls, and serves again when it goes on', limit, async (t) => {
  const way = await wayTo(t, await freshDatabase(t));
  const state = await opened(t, way.url);
  const { task } = await entered(state);
  way.hang();
  const begin = performance.now();
  const refused = (run: () => unknown): Promise<void> =>
    assert.rejects(async () => run(), /does not answer in time/);
  await Promise.all([
    refused(() => state.ledger.take(task, call, Date.now())),
    refused(() => state.replay.claim('key', Date.now() + 60_000)),
    refused(() => state.epochs.since(undefined)),
    refused(() => state.ledger.end(task, Date.now())),
  ]);
  assert.ok(performance.now() - begin < 6_000, `${performance.now() - begin} ms`);
  way.goOn();
  assert.equal(await eventually(async () => state.ledger.take(task, call, Date.now())), 'taken');
});

test('when all connections have been cut, calls work again and nudges come again', limit, async (t) => {
  const way = await wayTo(t, await freshDatabase(t));
  const [state, other] = [await opened(t, way.url), await opened(t, way.url)];
  let nudges = 0;
  state.epochs.onBump(() => {
    nudges += 1;
  });
  await eventually(() => assert.ok(nudges > 0));
  await other.epochs.bump(userKey('first'), 1, Date.now() + 60_000);
  way.cut();
  await eventually(async () => other.epochs.bump(userKey('second'), 1, Date.now() + 60_000));
  await sleep(1_000);
  const before = nudges;
  await other.epochs.bump(userKey('third'), 1, Date.now() + 60_000);
  await eventually(() => assert.ok(nudges > before));
  assert.equal((await state.epochs.since(undefined)).bumps.length, 3);
});

test('what has expired does not stay in the tables', limit, async (t) => {
  const url = await freshDatabase(t);
  let time = Date.now();
  const passing = { now: () => time };
  const state = await openPostgresHotState(url, passing);
  const documents = await openPostgresDocuments(url, passing);
  for (let n = 0; n < 300; n += 1) {
    time += 600_000;
    await state.replay.claim(`key ${n}`, time + 10_000);
    await state.epochs.bump(userKey(String(n)), n, time + 10_000);
    await state.ledger.open({ ...newTask(), notAfter: time + 10_000 });
    await documents.put('code', `code ${n}`, { value: {}, expiresAt: time + 10_000 });
  }
  await sleep(200);
  await Promise.all([state.close(), documents.close()]);
  const client = await admin(t, url);
  for (const table of ['claim', 'epoch', 'task', 'document']) {
    const { rows } = await client.query(`SELECT count(*)::int AS rows FROM bartizan_${table}`);
    assert.ok((rows as [{ rows: number }])[0].rows < 100, `${table}: ${JSON.stringify(rows)}`);
  }
});

test('nothing is built from strings', limit, async () => {
  const file = fileURLToPath(new URL('without-eval-process.ts', import.meta.url));
  const flags = ['--disallow-code-generation-from-strings', file];
  const { stdout } = await promisify(execFile)(process.execPath, flags, {
    env: { ...process.env, DATABASE: postgres.url },
  });
  assert.deepEqual(JSON.parse(stdout), [true, 'opened', 'taken', 0, 1, true, 1, 1, true]);
});

/** The URL of a new database of the server. */
async function freshDatabase(t: TestContext): Promise<string> {
  const name = `fresh_${randomUUID().replaceAll('-', '')}`;
  const client = await admin(t, postgres.url);
  await client.query(`CREATE DATABASE ${name}`);
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  return url.href;
}

async function admin(t: TestContext, url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  t.after(() => client.end());
  return client;
}

async function opened(t: TestContext, url: string): Promise<HotState> {
  const state = await openPostgresHotState(url, clock);
  t.after(state.close);
  return state;
}

function newTask(): LedgerEntry {
  const task = randomUUID() as string as TaskId;
  return { task, ancestors: [], budget: { calls: 10 }, notAfter: Date.now() + 60_000 };
}

async function entered({ ledger }: HotState): Promise<LedgerEntry> {
  const entry = newTask();
  assert.equal(await ledger.open(entry), 'opened');
  return entry;
}

function userKey(id: string): { readonly kind: 'user'; readonly id: string } {
  return { kind: 'user', id };
}

/** A way to a database that can hang, and on which all connections can be cut. */
async function wayTo(t: TestContext, url: string) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let hangs = false;
  const server = createServer((near) => {
    const far = connect(Number(target.port), '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => {
        if (!hangs) to.write(chunk);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    cut();
    server.close();
  });
  const way = new URL(url);
  way.port = String((server.address() as AddressInfo).port);
  return {
    url: way.href,
    cut,
    hang: () => {
      hangs = true;
    },
    goOn: () => {
      hangs = false;
    },
  };
}

/** What comes of something that may fail for a while. */
async function eventually<T>(run: () => T | Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(50);
    }
  }
}
