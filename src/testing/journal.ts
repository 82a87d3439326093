import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditRecord } from '../model/record.ts';
import type { Journal } from '../pipeline/ports.ts';

/** A journal under test. */
export interface JournalUnderTest {
  readonly journal: Journal;
  /** Reads everything the journal holds, as another process would. */
  readonly read: () => Promise<readonly AuditRecord[]>;
  readonly close: () => Promise<void>;
}

/** Registers the tests that every {@link Journal} must pass. `open` makes an empty one for each test. */
export function journalContract(name: string, open: () => Promise<JournalUnderTest>): void {
  test(`${name}: holds a record when its promise has resolved`, async () => {
    const { journal, read, close } = await open();
    await journal.append(eventNumber(1));
    assert.deepEqual(ids(await read()), ['1']);
    await close();
  });

  test(`${name}: keeps the order of the calls, awaited or not`, async () => {
    const { journal, read, close } = await open();
    const appends = Array.from({ length: 500 }, (_, n) => journal.append(eventNumber(n)));
    await Promise.all(appends);
    await journal.append(eventNumber(500));
    assert.deepEqual(
      ids(await read()),
      Array.from({ length: 501 }, (_, n) => String(n)),
    );
    await close();
  });

  test(`${name}: gives every member of a record back as it was`, async () => {
    const { journal, read, close } = await open();
    await journal.append(sampleDecision);
    const [found] = await read();
    assert.deepEqual({ ...found, ...sampleDecision }, found);
    await close();
  });
}

/** An event whose id is its number. */
export function eventNumber(n: number): AuditRecord {
  return { kind: 'event', id: String(n), at: '2026-01-01T00:00:00.000Z', event: 'test', facts: { n } };
}

/** A decision with every member set, and text that is awkward to store. */
export const sampleDecision: AuditRecord = {
  kind: 'decision',
  id: '0190a6f4-0000-7000-8000-000000000000',
  at: '2026-01-01T09:00:00.000Z',
  decision: 'deny',
  denial: 'policy_denied',
  detail: 'two\nlines, "quotes", \u2028, \ud800 and 日本',
  stage: 'authorize',
  subject: {
    user: 'alice',
    issuer: 'https://idp.example',
    roles: ['developer'],
    agent: 'spiffe://example.org/agent/code',
    device: { id: 'laptop-1', managed: true },
  },
  action: 'github:create_pr',
  resource: { id: 'github:acme/blue-app', tags: { project: 'blue' } },
  environment: { peer: '127.0.0.1', endpoint: '/mcp', revision: '2026-07-28' },
  policies: ['pr-hours'],
  obligations: ['strip hidden-text.bidi at /arguments/body'],
  request: 'aGFzaA',
  latencyUs: 42,
  traceId: '0af7651916cd43dd8448eb211c80319c',
};

function ids(records: readonly AuditRecord[]): readonly string[] {
  return records.map((record) => record.id);
}
