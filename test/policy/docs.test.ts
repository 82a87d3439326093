import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkPolicies } from '../../src/policy/read-sources.ts';
import { shapes } from '../../src/policy/vocabulary.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/policy.md'), 'utf8');
const blocks = [...page.matchAll(/```cedar\n(.*?)```/gs)].map((match) => match[1] ?? '');

test('every policy on the reference page can be used', () => {
  assert.ok(blocks.length >= 5);
  assert.deepEqual(checkPolicies(blocks.map((text, at) => ({ name: `block ${at + 1}`, text }))), []);
});

test('the policy on the reference page is the example that ships', () => {
  const shipped = readFileSync(join(root, 'examples/policies/code-refactor.cedar'), 'utf8');
  assert.equal(permitOf(blocks[0] ?? ''), permitOf(shipped));
});

test('the reference page has every attribute of the vocabulary', () => {
  const owners = { Agent: 'principal', Resource: 'resource', Context: 'context' } as const;
  const paths = Object.entries(owners).flatMap(([shape, path]) => pathsOf(shape, path));
  assert.ok(paths.length > 20);
  for (const path of paths) assert.ok(page.includes(`\`${path}\``), `docs/policy.md lacks ${path}`);
});

function permitOf(text: string): string {
  return text.slice(text.indexOf('@id'));
}

/** Records are documented member by member; entities and leaves by their own row. */
function pathsOf(shape: string, path: string): readonly string[] {
  return Object.entries(shapes[shape] ?? {}).flatMap(([member, type]) =>
    shapes[type] === undefined ? [`${path}.${member}`] : pathsOf(type, `${path}.${member}`),
  );
}
