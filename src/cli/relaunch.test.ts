import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasRuntimeFlags, runtimeFlags } from './relaunch.ts';

test('both protecting flags are needed', () => {
  assert.ok(hasRuntimeFlags(runtimeFlags));
  assert.ok(hasRuntimeFlags(runtimeFlags.slice(0, 2)));
  assert.ok(!hasRuntimeFlags(runtimeFlags.slice(0, 1)));
  assert.ok(!hasRuntimeFlags([]));
});

const script = `
  const { hasRuntimeFlags, relaunch, runtimeFlags } = await import(${JSON.stringify(new URL('./relaunch.ts', import.meta.url).href)});
  const again = runtimeFlags.slice(0, 2).map((flag) => process.execArgv.includes(flag));
  const isAgain = hasRuntimeFlags();
  if (isAgain) process.on('SIGTERM', () => process.exit(7));
  if (isAgain) setInterval(() => {}, 1000);
  console.log(JSON.stringify({ pid: process.pid, again }));
  if (!isAgain) process.exitCode = await relaunch(process.argv[2] === 'true');`;

for (const canReplace of [true, false])
  test(`the command starts again with the flags, ${canReplace ? 'in the place of' : 'below'} this process, and its status is passed on`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'bartizan-relaunch-'));
    t.after(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, 'again.mjs'), script);
    const child = spawn(process.execPath, [join(directory, 'again.mjs'), String(canReplace)]);
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      out += part;
      if (out.includes('[true,true]')) child.kill('SIGTERM');
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 7);
    const [first, second] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(first.pid === second.pid, canReplace);
    assert.deepEqual(second.again, [true, true]);
  });
