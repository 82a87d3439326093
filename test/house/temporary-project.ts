import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { staticChecks } from '../../tools/house/static-checks.ts';
import { type Ended, runNode } from '../../tools/house/step.ts';

export const repository: string = fileURLToPath(new URL('../..', import.meta.url));

const CONFIGURATION = [
  'biome.json',
  '.oxlintrc.json',
  'knip.json',
  'tsconfig.json',
  '.gitignore',
  'package.json',
];

/** A project with this repository's configuration and packages, and only the files given; removed after the test. */
export function temporaryProject(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'bartizan-planted-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const name of CONFIGURATION) cpSync(join(repository, name), join(root, name));
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'), 'dir');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** Runs the checker that `npm test` runs under this name, in another directory, with more arguments. */
export function runChecker(name: string, root: string, more: readonly string[] = []): Promise<Ended> {
  const check = staticChecks.find((each) => each.name.includes(name));
  const [script, ...rest] = check?.argv ?? [];
  if (script === undefined) throw new Error(`no static check is called \`${name}\``);
  return runNode([join(repository, script), ...rest, ...more], root, 60_000);
}
