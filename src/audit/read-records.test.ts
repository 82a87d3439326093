import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { eventNumber } from '../testing/journal.ts';
import { openJournal } from './journal.ts';
import { type ReadOptions, readRecords } from './read-records.ts';
import { recordLine, recordText } from './record-line.ts';

const root = mkdtempSync(join(tmpdir(), 'bartizan-read-'));
after(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const freshDirectory = (): string => mkdtempSync(join(root, `${++made}-`));

async function logOf(count: number, segmentBytes: number): Promise<string> {
  const directory = freshDirectory();
  const journal = await openJournal({ directory, segmentBytes });
  for (let n = 1; n <= count; n++) await journal.append(eventNumber(n));
  await journal.close();
  return directory;
}

async function idsOf(directory: string, options: ReadOptions = {}): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const record of readRecords(directory, options)) ids.push(record.id);
  return ids;
}

test('reads all records over all segments', async () => {
  const directory = await logOf(25, 400);
  assert.deepEqual(
    await idsOf(directory),
    Array.from({ length: 25 }, (_, n) => String(n + 1)),
  );
});

test('reads the newest records, over segments, whatever their size', async () => {
  for (const segmentBytes of [100, 400, 1_000_000]) {
    const directory = await logOf(12, segmentBytes);
    assert.deepEqual(await idsOf(directory, { last: 5 }), ['8', '9', '10', '11', '12']);
    assert.deepEqual(await idsOf(directory, { last: 0 }), []);
    assert.equal((await idsOf(directory, { last: 100 })).length, 12);
  }
});

test('counts the newest records after the filter', async () => {
  const directory = await logOf(20, 400);
  const even = { last: 3, filter: (record: { id: string }) => Number(record.id) % 2 === 0 };
  assert.deepEqual(await idsOf(directory, even), ['16', '18', '20']);
});

test('reads lines longer than a block, forwards and backwards', async () => {
  const directory = freshDirectory();
  const journal = await openJournal({ directory });
  const long = 'ä€'.repeat(100_000);
  for (const event of ['short', long, 'short', long]) {
    await journal.append({ kind: 'event', id: String(event.length), at: '', event, facts: {} });
  }
  await journal.close();
  assert.deepEqual(await idsOf(directory), ['5', '200000', '5', '200000']);
  assert.deepEqual(await idsOf(directory, { last: 3 }), ['200000', '5', '200000']);
});

test('reads nothing from an empty log', async () => {
  assert.deepEqual(await idsOf(freshDirectory()), []);
  assert.deepEqual(await idsOf(freshDirectory(), { last: 3 }), []);
});

test('follows a log into later segments until it is told to stop', { timeout: 10_000 }, async () => {
  const directory = freshDirectory();
  const journal = await openJournal({ directory, segmentBytes: 300 });
  for (let n = 1; n <= 5; n++) await journal.append(eventNumber(n));
  const stop = new AbortController();
  const ids: string[] = [];
  const { promise: reader, resolve: begun } = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const record of readRecords(directory, { last: 2, follow: true, signal: stop.signal })) {
      ids.push(record.id);
      if (record.id === '4') begun();
      if (record.id === '12') stop.abort();
    }
  })();
  await reader;
  for (let n = 6; n <= 12; n++) await journal.append(eventNumber(n));
  await reading;
  await journal.close();
  assert.deepEqual(ids, ['4', '5', '6', '7', '8', '9', '10', '11', '12']);
});

test('follows a log that does not exist yet in its directory', { timeout: 10_000 }, async () => {
  const directory = freshDirectory();
  const stop = new AbortController();
  const reading = (async () => {
    for await (const record of readRecords(directory, { last: 10, follow: true, signal: stop.signal })) {
      stop.abort();
      return record.id;
    }
    return undefined;
  })();
  const journal = await openJournal({ directory });
  await journal.append(eventNumber(1));
  assert.equal(await reading, '1');
  await journal.close();
});

test('does not give out a line that is still being written', async () => {
  const directory = await logOf(2, 10_000);
  appendFileSync(join(directory, '00000001.jsonl'), recordLine(3, recordText(eventNumber(3))).slice(0, -2));
  assert.deepEqual(await idsOf(directory), ['1', '2']);
  assert.deepEqual(await idsOf(directory, { last: 5 }), ['1', '2']);
});

test('names a line that is no record, and reads on when asked to', async () => {
  const directory = freshDirectory();
  const good = (n: number): string => recordLine(n, recordText(eventNumber(n)));
  writeFileSync(join(directory, '00000001.jsonl'), `${good(1)}{"v":1,"se\0\n${good(3)}`);
  await assert.rejects(idsOf(directory), /`00000001\.jsonl`: the line that ends at byte \d+ is no record/);
  const damages: string[] = [];
  assert.deepEqual(await idsOf(directory, { onDamage: (text) => damages.push(text) }), ['1', '3']);
  assert.equal(damages.length, 1);
});
