import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const longestMs = 10_000;

/** Waits for what must come, however slow the machine is; fails, naming it, if it does not come at all. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + longestMs;
  while (!(await holds())) {
    if (performance.now() > end) assert.fail(`${what} did not come within ${longestMs} ms`);
    await sleep(5);
  }
}
