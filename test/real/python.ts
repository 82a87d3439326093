/** Scripts in `python/`, run with a version of the Python SDK. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Software } from './software.ts';

export interface Python {
  readonly program: string;
  readonly script: (name: string) => string;
  /** Runs a script that prints one JSON object. */
  readonly run: (name: string, args: readonly string[]) => Promise<Record<string, unknown>>;
}

const limitMs = 50_000;

/** The interpreter of an installed environment. */
export async function python(software: Software): Promise<Python> {
  const program = join(await software.install(), 'bin/python');
  const script = (name: string): string => fileURLToPath(new URL(`python/${name}`, import.meta.url));
  return {
    program,
    script,
    run: async (name, args) => {
      const ran = await promisify(execFile)(program, [script(name), ...args], { timeout: limitMs });
      return JSON.parse(ran.stdout) as Record<string, unknown>;
    },
  };
}
