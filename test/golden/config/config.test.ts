import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, formatProblem } from '../../../src/control/config-error.ts';
import { loadSettings } from '../../../src/control/load-settings.ts';

/**
 * Each `.txt` file here is one case: lines that begin with `#!` set the scene, then comes the configuration, then a
 * line of four hyphens, then what loading it must say. `UPDATE_GOLDEN=1` writes what it says now; read it before
 * you commit it.
 *
 * Scene: `#! name mcp.json` (default bartizan.yaml), `#! env NAME=value`, `#! file path content`,
 * `#! show servers listen.port` (members of the settings to print; `shown` is what `config print` shows).
 */
const here = import.meta.dirname;
const cases = readdirSync(here).filter((name) => name.endsWith('.txt'));

for (const name of cases) {
  test(`config: ${name.replace('.txt', '').replaceAll('-', ' ')}`, async () => {
    const path = join(here, name);
    const [input = '', expected = ''] = readFileSync(path, 'utf8').split(/^----\n/m);
    const actual = await play(input);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, `${input}----\n${actual}`);
    else assert.equal(actual, expected);
  });
}

test('there are at least twenty golden cases, and none is empty', () => {
  assert.ok(cases.length >= 20);
  for (const name of cases) assert.match(readFileSync(join(here, name), 'utf8'), /^----\n[\s\S]*\S/m);
});

async function play(input: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'bartizan-golden-'));
  const lines = input.split('\n');
  const scene = lines.filter((line) => line.startsWith('#! ')).map((line) => line.slice(3).split(' '));
  const config = lines.filter((line) => !line.startsWith('#! ')).join('\n');
  const words = (verb: string): string[] =>
    scene.filter(([first]) => first === verb).map(([, ...rest]) => rest.join(' '));
  try {
    for (const file of words('file')) write(directory, file);
    const name = words('name')[0] ?? 'bartizan.yaml';
    writeFileSync(join(directory, name), config);
    const env = Object.fromEntries(words('env').map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
    const output = await load(
      join(directory, name),
      { env, home: '/home/ann', cwd: directory },
      words('show').join(' '),
    );
    return output.replaceAll(directory, '<dir>');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function write(directory: string, file: string): void {
  const [path = '', ...content] = file.split(' ');
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), `${content.join(' ')}\n`);
}

async function load(path: string, around: Parameters<typeof loadSettings>[1], show: string): Promise<string> {
  try {
    const loaded = await loadSettings(path, around);
    const warnings = loaded.warnings.map((problem) => `warning: ${formatProblem(problem)}\n`).join('');
    const members = show.split(' ').filter(Boolean);
    const parts = members.map(
      (member) => `${member}: ${print(pick({ ...loaded.settings, shown: loaded.shown }, member))}\n`,
    );
    return `${warnings}ok\n${parts.join('')}`;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => `error: ${formatProblem(problem)}\n`).join('');
  }
}

function pick(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((part, step) => (part as Record<string, unknown> | undefined)?.[step], value);
}

function print(value: unknown): string {
  return JSON.stringify(value, (_, item) => (item instanceof Map ? Object.fromEntries(item) : item), 1);
}
