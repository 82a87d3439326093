import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  objectMember,
  stringMember,
} from '../../src/model/json.ts';
import { metaKey, ownMetaPrefix } from '../../src/model/meta-key.ts';
import type { Stage } from './stage.ts';

/** What the attacker is told. */
export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly body: JsonObject;
  readonly text: string;
}

/** One row of the table: refused, with exactly this answer, and recorded with exactly this reason. */
export interface Attack {
  readonly name: string;
  readonly run: (stage: Stage) => Promise<Told>;
  readonly status: number;
  /** `error` of OAuth (RFC 6749 section 5.2), or the code of the denial table. */
  readonly code: string;
  /** What `WWW-Authenticate` must say. Undefined: there must be none. */
  readonly challenge?: RegExp;
  /**
   * Members of the record that must be there, by path: `detail`, `subject.user`, `facts.peer`. `nobody`: no HTTP request that
   * the gateway reads, so that nobody was identified and nothing decided.
   */
  readonly record: RecordedMembers | 'nobody';
  /** How many calls may reach the server behind the gateway. Default 0. */
  readonly reaches?: number;
}

/** Texts that a record holds, by path. */
export type RecordedMembers = Readonly<Record<string, string | RegExp>>;

/** Makes a test of every row. The last test of a file is that no secret stands in the log. */
export function attacks(stageOf: () => Stage, rows: readonly Attack[]): void {
  for (const row of rows) test(row.name, () => withstands(stageOf(), row));
}

async function withstands(stage: Stage, row: Attack): Promise<void> {
  const calls = stage.github.calls('tools/call').length;
  const before = (await stage.records()).length;
  const told = await row.run(stage);
  const seen = `${told.status} ${told.text}`;
  assert.equal(told.status, row.status, seen);
  assert.equal(codeOf(told.body), row.code, seen);
  const challenge = told.headers.get('www-authenticate');
  if (row.challenge === undefined) assert.equal(challenge, null, seen);
  else assert.match(challenge ?? '', row.challenge);
  assert.equal(stage.github.calls('tools/call').length - calls, row.reaches ?? 0, 'calls reached the server');
  if (row.record !== 'nobody') return void (await isRecorded(stage, row.record, before));
  const since = (await stage.records()).slice(before);
  assert.ok(
    since.every(({ decision }) => decision !== 'permit'),
    JSON.stringify(since),
  );
}

/** One of the records since the first `before` ones is this one. Events may reach the disk shortly after the answer. */
export async function isRecorded(stage: Stage, expected: RecordedMembers, before = 0): Promise<JsonObject> {
  const deadline = performance.now() + 2_000;
  for (;;) {
    const newest = (await stage.records()).slice(before).reverse();
    const found = newest.find((record) => fits(record, expected));
    if (found !== undefined) return found;
    const seen = newest.slice(0, 8).map((one) => JSON.stringify(one));
    const wanted = Object.entries(expected).map(([path, value]) => `${path} ${String(value)}`);
    assert.ok(performance.now() < deadline, `no record has ${wanted.join(', ')}\n${seen.join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function fits(record: JsonObject, expected: RecordedMembers): boolean {
  return Object.entries(expected).every(([path, value]) => {
    const found = path
      .split('.')
      .reduce<JsonValue | undefined>(
        (at, member) => (isJsonObject(at) && Object.hasOwn(at, member) ? at[member] : undefined),
        record,
      );
    return typeof value === 'string' ? found === value : typeof found === 'string' && value.test(found);
  });
}

/** The code of an answer of OAuth, of a JSON-RPC error or of a tool result. */
export function codeOf(body: JsonObject): string | undefined {
  if (typeof body['error'] === 'string') return body['error'];
  const data = objectMember(objectMember(body, 'error'), 'data');
  const meta = objectMember(objectMember(body, 'result'), '_meta');
  return stringMember(data, 'denial') ?? stringMember(meta, `${ownMetaPrefix}denial`);
}

/** The decision that an answer names. */
export function decisionOf(body: JsonObject): string | undefined {
  const data = objectMember(objectMember(body, 'error'), 'data');
  return (
    stringMember(data, 'decision') ??
    stringMember(objectMember(objectMember(body, 'result'), '_meta'), metaKey.decision)
  );
}

/** No token, no proof, no code and no signature of any of them stands in the log. */
export function keepsSecrets(stageOf: () => Stage): void {
  test('no token, proof, code or key of any attack stands in the log', async () => {
    const stage = stageOf();
    const log = await stage.log();
    assert.ok(stage.secrets.size > 0);
    for (const secret of stage.secrets) {
      const parts = secret.split('.');
      const telling = parts.length === 3 ? [parts[2] ?? '', parts[1] ?? ''] : [secret];
      for (const part of telling)
        if (part.length > 8) assert.ok(!log.includes(part), `the log holds ${part.slice(0, 12)}…`);
    }
  });
}
