import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { honestMail } from '../../src/cli/demo/script.ts';
import { checksOf } from '../../src/cli/demo/verdict.ts';

const limit = { timeout: 20_000 };
const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

async function demo(...args: readonly string[]): Promise<{ status: unknown; out: string; left: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-demo-test-'));
  const env = { ...process.env, TMPDIR: folder, HOME: folder };
  const child = spawn(process.execPath, [cli, 'demo', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const out = await text(child.stdout);
  const [status] = await exited;
  const left = await readdir(folder);
  await rm(folder, { recursive: true });
  return { status, out, left };
}

test('the demo passes the honest task, stops the attack, and leaves nothing behind', limit, async () => {
  const { status, out, left } = await demo('--json');
  assert.equal(status, 0);
  assert.deepEqual(left, []);
  const { passed, steps, denial, record } = JSON.parse(out);
  assert.equal(passed, true);
  const verdicts = steps.map((step: { verdict: string; denial?: string }) => step.denial ?? step.verdict);
  assert.deepEqual(verdicts, [...Array(5).fill('permit'), 'guard_blocked', 'policy_denied']);
  assert.match(JSON.stringify(steps[3].findings), /strip hidden-text\.tag/);
  assert.equal(denial.result.isError, true);
  assert.equal(record.id, denial.result._meta['dev.bartizan/decision']);
  assert.equal(record.decision, 'deny');
  assert.doesNotMatch(out, /ghp_[A-Za-z0-9]/);
});

test('the demo shows a person every call, the denial and its record', limit, async () => {
  const { status, out } = await demo();
  assert.equal(status, 0);
  assert.match(out, /The denial, as the model sees it[\s\S]*guard_blocked[\s\S]*Its record in the audit log/);
  assert.match(out, /decision {2}[0-9a-f]{8}-/);
  assert.doesNotMatch(out, /FAIL|ghp_[A-Za-z0-9]/);
});

test('the demo fails when a mail beside the honest one went out', () => {
  const honest = honestMail as { to: string; subject: string; body: string };
  const keptWith = (outbox: readonly (typeof honest)[], auditLog: string): readonly boolean[] =>
    checksOf([], { outbox, auditLog, secret: 'the-secret' }).map(({ kept }) => kept);
  assert.deepEqual(keptWith([honest], ''), [false, false, true, true, true]);
  assert.equal(keptWith([honest, { ...honest, to: 'x@attacker.example' }], '')[2], false);
  assert.equal(keptWith([], '')[2], false);
  assert.equal(keptWith([honest], 'has the-secret in it')[4], false);
});
