import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type {
  DecisionRecord,
  EventRecord,
  OutcomeRecord,
  RecordedSubject,
  RecordedTask,
} from '../model/record.ts';

// The compiler keeps these lists equal to the records; a new member must be listed here and so be documented.
const decision: Record<keyof DecisionRecord, true> = {
  kind: true,
  id: true,
  at: true,
  decision: true,
  denial: true,
  detail: true,
  stage: true,
  subject: true,
  action: true,
  resource: true,
  environment: true,
  policies: true,
  obligations: true,
  request: true,
  latencyUs: true,
  traceId: true,
};
const outcome: Record<keyof OutcomeRecord, true> = {
  kind: true,
  id: true,
  at: true,
  outcome: true,
  denial: true,
  detail: true,
  findings: true,
  result: true,
  bytes: true,
  upstreamUs: true,
  waitUs: true,
  totalUs: true,
};
const subject: Record<keyof RecordedSubject, true> = {
  user: true,
  issuer: true,
  roles: true,
  agent: true,
  actsFor: true,
  device: true,
  proof: true,
  task: true,
};
const task: Record<keyof RecordedTask, true> = { id: true, ancestors: true, purpose: true, implicit: true };
const event: Record<keyof EventRecord, true> = { kind: true, id: true, at: true, event: true, facts: true };

test('every member of every record has its meaning in docs/audit.md', () => {
  const page = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const named = new Set(
    rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name)),
  );
  const members = Object.keys({ ...decision, ...outcome, ...event });
  assert.deepEqual(
    members.filter((member) => !named.has(member)),
    [],
  );
  const parts = new Set([...page.matchAll(/`(?:subject\.)?(\w+)`/g)].map(([, name]) => name));
  assert.deepEqual(
    Object.keys({ ...subject, ...task }).filter((member) => !parts.has(member)),
    [],
  );
});
