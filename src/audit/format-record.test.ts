import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { DecisionRecord } from '../model/record.ts';
import { sampleDecision } from '../testing/journal.ts';
import { formatRecord } from './format-record.ts';
import type { LoggedRecord } from './record-line.ts';

const decision: DecisionRecord = {
  ...(sampleDecision as DecisionRecord),
  detail: 'outside of the hours',
  subject: { user: 'alice', issuer: 'i', roles: [], agent: 'vscode', device: { managed: true } },
};

function logged(record: object): LoggedRecord {
  return { v: 1, seq: 1, ...record } as LoggedRecord;
}

test('a decision is one aligned line', () => {
  assert.equal(
    formatRecord(logged(decision)),
    '2026-01-01T09:00:00.000Z  deny      alice               vscode              github:create_pr              ' +
      'github:acme/blue-app          policy_denied: outside of the hours by pr-hours ' +
      'with strip hidden-text.bidi at /arguments/body [0190a6f4-0000-7000-8000-000000000000]',
  );
});

test('a decision of a task names the end of its id', () => {
  const lineOf = (task: object): string =>
    formatRecord(logged({ ...decision, subject: { ...decision.subject, task } }));
  const id = '0190a6f4-0000-7000-8000-0123456789ab';
  assert.match(lineOf({ id }), / in task 0123456789ab \[0190a6f4-/);
  assert.match(lineOf({ id: 'implicit-abc', implicit: true }), / in implicit task implicit-abc \[/);
  assert.doesNotMatch(formatRecord(logged(decision)), /task/);
});

test('a decision about nobody has dashes for the unknown', () => {
  const { subject: _, action: __, resource: ___, ...rest } = decision;
  const line = formatRecord(
    logged({ ...rest, policies: [], obligations: [], denial: 'token_missing', detail: 'none' }),
  );
  assert.match(line, /deny {6}- +- +- +- +token_missing: none \[/);
});

test('an outcome and an event are one line each', () => {
  const at = '2026-01-01T09:00:00.000Z';
  assert.equal(
    formatRecord(
      logged({ kind: 'outcome', id: 'd1', at, outcome: 'released', findings: [], bytes: 12, totalUs: 1500 }),
    ),
    `${at}  released  1.5 ms, 12 bytes [d1]`,
  );
  assert.equal(
    formatRecord(logged({ kind: 'event', id: 'e1', at, event: 'started', facts: { port: 1 } })),
    `${at}  event     started  {"port":1}`,
  );
});

test('colours come only when asked for and change nothing else', () => {
  const plain = formatRecord(logged(decision));
  const coloured = formatRecord(logged(decision), { colour: true });
  assert.notEqual(coloured, plain);
  assert.equal(stripVTControlCharacters(coloured), plain);
});

test('names from callers cannot move the cursor, break the line or hide text', () => {
  const hostile = 'a\u001b[2Jb\r\nc\u202ed\u200be\u{e0041}\u2028';
  const line = formatRecord(logged({ ...decision, action: hostile, detail: hostile }));
  assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  assert.match(line, /a\\u\{1b\}\[2Jb\\u\{d\}\\u\{a\}c\\u\{202e\}d/);
});
