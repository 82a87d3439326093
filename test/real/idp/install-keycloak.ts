/** Keycloak as its authors publish it: the distribution in Maven Central, prepared once for a database in memory. */
import { execFile } from 'node:child_process';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const keycloakVersion = '26.7.0';

/** What the build does; another text builds again. */
export const keycloakRecipe: readonly string[] = [`keycloak ${keycloakVersion}`, 'database in memory'];

const artifact = `org.keycloak:keycloak-quarkus-dist:${keycloakVersion}:zip`;
const limitMs = 10 * 60_000;
const run = promisify(execFile);

/**
 * Unpacks it into a folder and prepares it: 176 MB from Maven Central unless Maven has them, and about a minute of one
 * processor, once.
 * @throws Error with one line that says why it cannot be had
 */
export async function installKeycloak(folder: string): Promise<void> {
  await needed('java', ['-version'], 'install Java 17 or later');
  await needed('mvn', ['--version'], 'install Maven');
  const quiet = ['--batch-mode', '--quiet'];
  await step('fetching it', 'mvn', [
    ...quiet,
    'dependency:get',
    `-Dartifact=${artifact}`,
    '-Dtransitive=false',
  ]);
  const into = [`-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`];
  await step('copying it', 'mvn', [...quiet, '--offline', 'dependency:copy', ...into]);
  await unpack(folder);
  await step('preparing it', keycloakProgram(folder), ['build', '--db=dev-mem', '--cache=local']);
}

/** What starts it. */
export function keycloakProgram(folder: string): string {
  return join(folder, 'keycloak/bin/kc.sh');
}

/** Python unpacks it, which these tests need anyway; it leaves the mode bits out. */
async function unpack(folder: string): Promise<void> {
  const zip = join(folder, (await readdir(folder)).find((name) => name.endsWith('.zip')) ?? 'no zip');
  await step('unpacking it', 'python3', ['-m', 'zipfile', '-e', zip, folder]);
  await rm(zip);
  await rename(join(folder, `keycloak-${keycloakVersion}`), join(folder, 'keycloak'));
  await step('unpacking it', 'chmod', ['+x', keycloakProgram(folder)]);
}

async function needed(program: string, args: readonly string[], mend: string): Promise<void> {
  await run(program, args).catch(() => {
    throw new Error(`\`${program}\` is not on PATH: ${mend}`);
  });
}

async function step(what: string, program: string, args: readonly string[]): Promise<void> {
  try {
    await run(program, args, { timeout: limitMs, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const {
      killed,
      stdout = '',
      stderr = '',
    } = error as Partial<Record<'stdout' | 'stderr', string>> & {
      readonly killed?: boolean;
    };
    if (killed === true) throw new Error(`${what}: not done after ${limitMs / 60_000} minutes`);
    const line = `${stdout}\n${stderr}`.split('\n').find((text) => /error/i.test(text)) ?? String(error);
    throw new Error(`${what}: ${line.trim().slice(0, 200)}`, { cause: error });
  }
}
