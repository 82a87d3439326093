import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServerId } from './server-id.ts';

for (const text of ['a', 'github', 'team-files', 'x1', 'a-', `a${'b'.repeat(31)}`]) {
  test(`takes \`${text}\` as a server id`, () => {
    assert.equal(parseServerId(text), text);
  });
}

const refused: Readonly<Record<string, string>> = {
  'the empty string': '',
  'a first digit': '1a',
  'a first hyphen': '-a',
  'a capital letter': 'GitHub',
  'an underscore, which joins tool names': 'a_b',
  'a colon, which joins actions': 'a:b',
  'a plus sign, which joins URIs': 'a+b',
  'a slash, which parts paths': 'a/b',
  'a final line feed': 'a\n',
  'a letter beyond ASCII': 'ä',
  'more than 32 characters': 'a'.repeat(33),
};

for (const [what, text] of Object.entries(refused)) {
  test(`refuses ${what} in a server id`, () => {
    assert.equal(parseServerId(text), undefined);
  });
}
