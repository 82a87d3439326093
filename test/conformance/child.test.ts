import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from './child.ts';

const pid = (line: string): number | undefined => (/^\d+$/.test(line) ? Number(line) : undefined);

test('waits for the line that says ready, and ends the process', async () => {
  const script = 'console.log("starting"); console.log(process.pid); setInterval(() => {}, 1000)';
  const { ready, stop } = await startNode(['-e', script], pid);
  assert.doesNotThrow(() => process.kill(ready, 0));
  await stop();
  assert.throws(() => process.kill(ready, 0), { code: 'ESRCH' });
});

test('fails when the process ends before it is ready', async () => {
  await assert.rejects(startNode(['-e', 'console.log("no")'], pid), /ended before it was ready/);
});

test('does not stop a process that goes on talking', async () => {
  const script =
    'console.log(process.pid); const say = () => process.stdout.write("x".repeat(65536) + "\\n", () => n-- > 0 ? say() : process.exit(0)); let n = 20; say()';
  const { ready } = await startNode(['-e', script], pid);
  const deadline = Date.now() + 5_000;
  while (Date.now() < deadline && isAlive(ready)) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(isAlive(ready), false);
});

function isAlive(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
}
