import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSettings } from '../../src/control/load-settings.ts';
import { checkSettings } from '../../src/gateway/check-settings.ts';

const root = join(import.meta.dirname, '../..');
const pages = globSync(['README.md', 'docs/*.md'], { cwd: root });

/** A page may show a part of a configuration; a server is the least that is missing then. */
const someServer = 'servers: { github: { url: "https://mcp.example.com/github" } }\n';

for (const page of pages)
  for (const [index, block] of configurationsOf(readFileSync(join(root, page), 'utf8')).entries())
    test(`configuration ${index + 1} of ${page} is one that \`bartizan validate\` takes`, async (t) => {
      assert.deepEqual(await problemsOf(t, block), []);
    });

test('a configuration that is wrong is noticed', async (t) => {
  const [block = ''] = configurationsOf('```yaml\nagents:\n  - id: a\n    templates: [gone]\n```\n');
  assert.match((await problemsOf(t, block)).join(), /authentication/);
  assert.equal(configurationsOf('  ```yaml\n  listen:\n    port: 1\n  ```\n')[0], 'listen:\n  port: 1\n');
});

/** The blocks in `yaml`, without the indent that they have within a list. */
function configurationsOf(text: string): readonly string[] {
  return [...text.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```/gm)].map(([, indent = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

async function problemsOf(
  t: { after: (end: () => void) => void },
  block: string,
): Promise<readonly string[]> {
  const cwd = mkdtempSync(join(tmpdir(), 'bartizan-docs-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  mkdirSync(join(cwd, 'policies'));
  writeFileSync(join(cwd, 'policies/any.cedar'), 'permit (principal, action, resource);');
  const whole = /^(?:servers|mcpServers):/m.test(block) ? block : someServer + block;
  writeFileSync(join(cwd, 'bartizan.yaml'), whole);
  const names = [...whole.matchAll(/\$\{([A-Z_0-9]+)\}/g)].map(([, name = '']) => [name, 'x'] as const);
  const around = { env: Object.fromEntries(names), home: cwd, cwd };
  try {
    return await checkSettings((await loadSettings('bartizan.yaml', around)).settings);
  } catch (fault) {
    return [(fault as Error).message];
  }
}
