/** Programs that run to their end. */
import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';

/** Everything that is fetched may take this long before it counts as out of reach. */
const limitMs = 150_000;

const run = promisify(execFile);

/**
 * Runs a program to its end.
 * @throws Error with one line that says what went wrong
 */
export async function command(program: string, args: readonly string[], cwd: string): Promise<void> {
  try {
    await run(program, args, { cwd, timeout: limitMs, env: environment() });
  } catch (error) {
    throw new Error(`\`${[program, ...args].join(' ').slice(0, 80)}\`: ${reason(error)}`, { cause: error });
  }
}

/**
 * npm tells its scripts which project they belong to, and an npm that they start would believe it. It needs the rest,
 * such as where the certificates of a company's registry are.
 */
const ofProject = /^npm_(?:package|lifecycle|command|config_(?:local_prefix|workspace))/;

function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !ofProject.test(name));
  return { ...Object.fromEntries(inherited), PIP_NO_INPUT: '1' };
}

function reason(error: unknown): string {
  const { code, killed, stderr = '' } = error as Partial<Record<'code' | 'killed' | 'stderr', string>>;
  if (code === 'ENOENT') return 'no such program';
  if (killed) return `not done after ${limitMs / 1_000} s`;
  const lines = stderr.split('\n').filter((line) => /error|E:|fail|unable|No /i.test(line));
  return (lines[0] ?? String(error)).trim().slice(0, 200);
}
