import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const pages = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md'], {
  cwd: root,
  exclude: (name) => name.includes('node_modules'),
});

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

test('there are pages, and README has at most 150 lines', () => {
  assert.ok(pages.length >= 12);
  assert.ok(read('README.md').split('\n').length <= 151);
});

for (const page of pages)
  test(`every relative link of ${page} leads somewhere`, () => {
    const broken = linksOf(read(page)).filter((link) => !leadsSomewhere(page, link));
    assert.deepEqual(broken, []);
  });

test('a link to a missing file or heading is noticed', () => {
  assert.deepEqual(linksOf('[a](gone.md) [b](https://x.example) [c](README.md#nope)'), [
    'gone.md',
    'README.md#nope',
  ]);
  assert.equal(leadsSomewhere('README.md', 'gone.md'), false);
  assert.equal(leadsSomewhere('README.md', 'README.md#nope'), false);
  assert.equal(leadsSomewhere('README.md', 'README.md#try-it'), true);
});

const commands = new Set(
  pages
    .flatMap((page) => [
      ...read(page).matchAll(
        /(?:`|^|npx )bartizan ((?:audit|config|task|owner|account|consent) [a-z]+|[a-z]+)(?=[ `\n])/gm,
      ),
    ])
    .map(([, command = '']) => command),
);

test('pages name the commands that there are', () => {
  for (const command of [
    'up',
    'demo',
    'stdio',
    'validate',
    'token',
    'status',
    'audit tail',
    'config print',
    'task grant',
    'owner reset',
    'account disable',
  ])
    assert.ok(commands.has(command), command);
});

for (const command of commands)
  test(`the pages speak of \`bartizan ${command}\`, and it exists`, () => {
    const main = join(root, 'src/cli/main.ts');
    const { status, stdout } = spawnSync(process.execPath, [main, ...command.split(' '), '--help'], {
      encoding: 'utf8',
    });
    assert.equal(status, 0);
    assert.match(stdout, new RegExp(`^Usage: bartizan ${command}\\b`));
  });

/** Targets of links inside the repository; code is no link. */
function linksOf(text: string): readonly string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(root, file))) return false;
  return heading === undefined || headingsOf(read(file)).has(heading);
}

/** Anchors as GitHub makes them. */
function headingsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title.toLowerCase());
  return new Set(headings.map((title) => title.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')));
}
