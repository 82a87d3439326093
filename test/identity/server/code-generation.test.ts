import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

test('the authorization server runs in a process that makes no code out of strings', async () => {
  const flow = fileURLToPath(new URL('metadata.test.ts', import.meta.url));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disallow-code-generation-from-strings', flow],
    { env },
  );
  assert.match(stdout, /pass 3/);
});
