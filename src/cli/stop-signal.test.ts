import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const script = `
  const { stopSignal } = await import(${JSON.stringify(new URL('./stop-signal.ts', import.meta.url).href)});
  setInterval(() => {}, 1000);
  const stopped = stopSignal(() => process.exit(130));
  console.log('ready');
  await stopped;
  console.log('first');`;

async function play(kills: (kill: () => void) => Promise<void>): Promise<number | string | null> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const exited = new Promise<number | string | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal)),
  );
  await kills(() => void child.kill('SIGINT'));
  await sleep(200);
  if (child.exitCode === null) child.kill('SIGKILL');
  return exited;
}

test('the echo of one Ctrl-C does not force the end', async () => {
  const end = await play(async (kill) => {
    kill();
    await sleep(50);
    kill();
  });
  assert.equal(end, 'SIGKILL');
});

test('a second Ctrl-C forces the end', async () => {
  const end = await play(async (kill) => {
    kill();
    await sleep(700);
    kill();
  });
  assert.equal(end, 130);
});
