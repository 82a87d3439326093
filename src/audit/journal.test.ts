import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { AuditRecord } from '../model/record.ts';
import { eventNumber, journalContract } from '../testing/journal.ts';
import { openJournal } from './journal.ts';
import { type JournalFs, nodeJournalFs } from './journal-file.ts';
import { createMemoryJournal } from './memory.ts';
import { readRecords } from './read-records.ts';
import type { LoggedRecord } from './record-line.ts';

const root = mkdtempSync(join(tmpdir(), 'bartizan-journal-'));
after(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const freshDirectory = (): string => join(root, String(++made), 'audit');

journalContract('file journal', async () => {
  const directory = freshDirectory();
  const journal = await openJournal({ directory });
  return { journal, read: () => readAll(directory), close: journal.close };
});

journalContract('memory journal', async () => {
  const journal = createMemoryJournal();
  return { journal, read: async () => journal.records(), close: async () => undefined };
});

test('the log is readable by its owner alone', async () => {
  const directory = freshDirectory();
  const journal = await openJournal({ directory });
  await journal.append(eventNumber(1));
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  for (const name of readdirSync(directory)) {
    assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
  }
  await journal.close();
});

test('records of one turn are one write and one sync', async () => {
  const { fs, counts } = countingFs();
  const journal = await openJournal({ directory: freshDirectory(), fs });
  await Promise.all(Array.from({ length: 100 }, (_, n) => journal.append(eventNumber(n))));
  assert.deepEqual(counts, { writes: 1, syncs: 1 });
  await journal.close();
});

test('the outcome of a released call waits for company, and not for long', async () => {
  const { fs, counts } = countingFs();
  const journal = await openJournal({ directory: freshDirectory(), fs });
  const alone = journal.append(releasedOutcome);
  await sleep(1);
  assert.deepEqual(counts, { writes: 0, syncs: 0 });
  await Promise.all([alone, journal.append(eventNumber(1))]);
  assert.deepEqual(counts, { writes: 1, syncs: 1 });
  await journal.append(releasedOutcome);
  assert.deepEqual(counts, { writes: 2, syncs: 2 });
  await journal.close();
});

test('no promise resolves before the sync of its bytes', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const fs = wrappedFs({ sync: async (sync) => gate.then(sync) });
  const journal = await openJournal({ directory: freshDirectory(), fs });
  let resolved = false;
  const append = journal.append(eventNumber(1)).then(() => {
    resolved = true;
  });
  await sleep(30);
  assert.equal(resolved, false);
  open();
  await append;
  await journal.close();
});

test('numbers go on over segments and restarts without a gap', async () => {
  const directory = freshDirectory();
  for (let run = 0; run < 3; run++) {
    const journal = await openJournal({ directory, segmentBytes: 500 });
    for (let n = 0; n < 10; n++) await journal.append(eventNumber(run * 10 + n));
    await journal.close();
  }
  const records = await readAll(directory);
  assert.deepEqual(
    records.map((record) => [record.seq, record.id]),
    Array.from({ length: 30 }, (_, n) => [n + 1, String(n)]),
  );
  assert.ok(segmentsIn(directory).length > 3);
});

test('a full disk refuses records, and the log goes on without a gap when there is room again', async () => {
  const directory = freshDirectory();
  let full = false;
  const fs = wrappedFs({
    write: async (write, bytes, position, raw) => {
      if (!full) return write(bytes, position);
      await raw(bytes.subarray(0, 10), position);
      throw new Error('ENOSPC: no space left on device, write');
    },
  });
  const journal = await openJournal({ directory, fs });
  await journal.append(eventNumber(1));
  full = true;
  await assert.rejects(journal.append(eventNumber(2)), /cannot be written: ENOSPC/);
  await assert.rejects(journal.append(eventNumber(3)), /ENOSPC/);
  full = false;
  await journal.append(eventNumber(4));
  await journal.close();
  assert.deepEqual(
    (await readAll(directory)).map((record) => [record.seq, record.id]),
    [
      [1, '1'],
      [2, '4'],
    ],
  );
});

test('a record whose sync failed is refused and leaves nothing behind', async () => {
  const directory = freshDirectory();
  let failing = true;
  const fs = wrappedFs({
    sync: async (sync, length) => {
      if (failing && length > 0) {
        failing = false;
        throw new Error('EIO: i/o error, fdatasync');
      }
      return sync();
    },
  });
  const journal = await openJournal({ directory, fs });
  await assert.rejects(journal.append(eventNumber(1)), /EIO/);
  await journal.append(eventNumber(2));
  await journal.close();
  assert.deepEqual(idsOf(await readAll(directory)), ['2']);
});

test('a segment deleted under the gateway refuses the records that went into it, then a new one begins', async () => {
  const directory = freshDirectory();
  const journal = await openJournal({ directory });
  await journal.append(eventNumber(1));
  rmSync(join(directory, '00000001.jsonl'));
  await assert.rejects(journal.append(eventNumber(2)), /was deleted while the gateway wrote to it/);
  await journal.append(eventNumber(3));
  await journal.close();
  assert.deepEqual(
    (await readAll(directory)).map((record) => [record.seq, record.id]),
    [[2, '3']],
  );
});

test('a torn last line is moved to a side file and reported', async () => {
  for (const tail of ['{"v":1,"seq":3,"kind":"ev', '\0\0\0\0', '{"v":1}\nnot json\n']) {
    const directory = freshDirectory();
    const first = await openJournal({ directory });
    await first.append(eventNumber(1));
    await first.append(eventNumber(2));
    await first.close();
    appendFileSync(join(directory, '00000001.jsonl'), tail);
    const second = await openJournal({ directory });
    assert.equal(second.repairs.length, 1);
    assert.match(second.repairs[0] ?? '', /`00000001\.jsonl` ended in \d+ bytes that are no whole record/);
    await second.append(eventNumber(3));
    await second.close();
    assert.deepEqual(idsOf(await readAll(directory)), ['1', '2', '3']);
    const side = readdirSync(directory).find((name) => name.includes('.torn-'));
    assert.equal(readFileSync(join(directory, side ?? ''), 'utf8'), tail);
  }
});

test('a clean log is opened without repairs', async () => {
  const directory = freshDirectory();
  await (await openJournal({ directory })).close();
  const journal = await openJournal({ directory });
  assert.deepEqual(journal.repairs, []);
  await journal.close();
});

test('a second gateway on the same log is refused, and may have it after the first has closed', async () => {
  const directory = freshDirectory();
  const first = await openJournal({ directory });
  await assert.rejects(openJournal({ directory }), /is in use by another gateway/);
  await first.close();
  await (await openJournal({ directory })).close();
});

test('after close nothing is taken, and what waited is kept', async () => {
  const directory = freshDirectory();
  const journal = await openJournal({ directory });
  const waiting = journal.append(eventNumber(1));
  await journal.close();
  await waiting;
  await assert.rejects(journal.append(eventNumber(2)), /is closed/);
  assert.deepEqual(idsOf(await readAll(directory)), ['1']);
});

test('whatever is lost when the machine stops, every confirmed record stays, in order', async () => {
  const step = fc.record({
    appends: fc.integer({ min: 1, max: 20 }),
    wait: fc.boolean(),
    fail: fc.constantFrom('none', 'none', 'write', 'sync'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (steps, keep) => {
        const directory = freshDirectory();
        const machine = losingFs();
        const journal = await openJournal({ directory, fs: machine.fs, segmentBytes: 1500 });
        const confirmed: string[] = [];
        let n = 0;
        for (const { appends, wait, fail } of steps) {
          machine.fail(fail);
          const group = Array.from({ length: appends }, () => {
            const id = String(n++);
            return journal.append(eventNumber(Number(id))).then(
              () => confirmed.push(id),
              () => undefined,
            );
          });
          if (wait) await Promise.all(group);
        }
        await journal.close();
        machine.lose(keep);
        const again = await openJournal({ directory });
        await again.append(eventNumber(n));
        await again.close();
        const records = await readAll(directory);
        const ids = idsOf(records);
        assert.deepEqual(
          confirmed.filter((id) => !ids.includes(id)),
          [],
        );
        assert.deepEqual(
          ids,
          ids.toSorted((a, b) => Number(a) - Number(b)),
        );
        assert.deepEqual(
          records.map(({ seq }) => seq),
          records.map((_, index) => index + 1),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('no confirmed record is missing after kill -9 at random moments', { timeout: 30_000 }, async () => {
  const directory = freshDirectory();
  const confirmed: string[] = [];
  const until = Date.now() + 10_000;
  for (let kill = 0; kill < 20 && Date.now() < until; kill++) {
    confirmed.push(...(await appendUntilKilled(directory, kill)));
  }
  const journal = await openJournal({ directory });
  await journal.close();
  const ids = idsOf(await readAll(directory));
  const present = new Set(ids);
  assert.ok(confirmed.length > 100, `only ${confirmed.length} records were confirmed`);
  assert.deepEqual(
    confirmed.filter((id) => !present.has(id)),
    [],
  );
  assert.equal(present.size, ids.length);
});

/** A process that appends without end and prints the id of every record whose promise has resolved. */
const appendForEver = `
  import { writeSync } from 'node:fs';
  import { openJournal } from ${JSON.stringify(new URL('./journal.ts', import.meta.url).href)};
  const [, directory, prefix] = process.argv;
  const journal = await openJournal({ directory, segmentBytes: 20000 });
  let n = 0;
  const append = async () => {
    for (;;) {
      const id = prefix + '-' + ++n;
      await journal.append({ kind: 'event', id, at: new Date().toISOString(), event: 'test', facts: {} });
      writeSync(1, id + '\\n');
    }
  };
  await Promise.all(Array.from({ length: 8 }, append));
`;

async function appendUntilKilled(directory: string, run: number): Promise<readonly string[]> {
  const args = ['--input-type=module', '-e', appendForEver, directory, `run${run}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = await outputUntilKilled(child, Math.random() * 60);
  // The last line may be torn by the kill; the record it would have named is then not claimed.
  return output.split('\n').slice(0, -1);
}

async function outputUntilKilled(child: ChildProcess, afterFirst: number): Promise<string> {
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), afterFirst);
    output += text;
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  child.on('close', () => resolve());
  await promise;
  assert.equal(child.signalCode, 'SIGKILL');
  return output;
}

async function readAll(directory: string): Promise<readonly LoggedRecord[]> {
  const records: LoggedRecord[] = [];
  for await (const record of readRecords(directory)) records.push(record);
  return records;
}

function idsOf(records: readonly LoggedRecord[]): readonly string[] {
  return records.map((record) => record.id);
}

function segmentsIn(directory: string): readonly string[] {
  return readdirSync(directory).filter((name) => name.endsWith('.jsonl'));
}

type Write = (bytes: Uint8Array, position: number) => Promise<void>;

interface Wrapping {
  readonly write?: (write: Write, bytes: Uint8Array, position: number, raw: Write) => Promise<void>;
  /** Gets the bytes written since the last sync. */
  readonly sync?: (sync: () => Promise<void>, unsynced: number) => Promise<void>;
}

function wrappedFs(wrapping: Wrapping): JournalFs {
  return {
    syncDirectory: nodeJournalFs.syncDirectory,
    open: async (path) => {
      const file = await nodeJournalFs.open(path);
      let unsynced = 0;
      const raw: Write = file.write;
      const write: Write = async (bytes, position) => {
        await raw(bytes, position);
        unsynced += bytes.byteLength;
      };
      const sync = async (): Promise<void> => {
        await file.sync();
        unsynced = 0;
      };
      return {
        ...file,
        write: (bytes, position) => wrapping.write?.(write, bytes, position, raw) ?? write(bytes, position),
        sync: () => wrapping.sync?.(sync, unsynced) ?? sync(),
      };
    },
  };
}

function countingFs(): { readonly fs: JournalFs; readonly counts: { writes: number; syncs: number } } {
  const counts = { writes: 0, syncs: 0 };
  const fs = wrappedFs({
    write: (write, bytes, position) => {
      counts.writes++;
      return write(bytes, position);
    },
    sync: (sync) => {
      counts.syncs++;
      return sync();
    },
  });
  return { fs, counts };
}

/** A machine that fails on request, and whose end loses some of what was never synced. */
function losingFs(): {
  readonly fs: JournalFs;
  readonly fail: (what: string) => void;
  readonly lose: (keep: number) => void;
} {
  let failing = 'none';
  const files = new Map<string, { synced: number; written: number }>();
  const open: JournalFs['open'] = async (path) => {
    const file = await nodeJournalFs.open(path);
    const state = { synced: 0, written: await file.size() };
    state.synced = state.written;
    files.set(path, state);
    return {
      ...file,
      write: async (bytes, position) => {
        const part = failing === 'write' ? bytes.subarray(0, bytes.byteLength / 2) : bytes;
        await file.write(part, position);
        state.written = position + part.byteLength;
        if (failing === 'write') throw new Error(`write failed at ${position}`);
      },
      sync: async () => {
        // Cutting back must work for the log to go on; only new bytes fail to reach the disk.
        if (failing === 'sync' && state.written > state.synced) throw new Error('sync failed');
        state.synced = state.written;
      },
      truncate: async (length) => {
        await file.truncate(length);
        state.written = length;
      },
    };
  };
  return {
    fs: { open, syncDirectory: nodeJournalFs.syncDirectory },
    fail: (what) => {
      failing = what;
    },
    lose: (keep) => {
      for (const [path, { synced, written }] of files) {
        if (written > synced) truncateSync(path, synced + Math.floor((written - synced) * keep));
      }
    },
  };
}

const releasedOutcome: AuditRecord = {
  kind: 'outcome',
  id: '1',
  at: '2026-07-28T00:00:00.000Z',
  outcome: 'released',
  findings: [],
  totalUs: 1,
};
