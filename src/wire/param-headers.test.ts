import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../model/json.ts';
import { isFault, readDocument } from './json/read.ts';
import { invalidMirrors, mirrorsAgree, mirrorsOf } from './param-headers.ts';

const tool = (properties: JsonObject, rest: JsonObject = {}): JsonObject => ({
  name: 'tool',
  inputSchema: { type: 'object', properties, ...rest },
});
const region = { type: 'string', 'x-mcp-header': 'Region' };
const count = { type: 'integer', 'x-mcp-header': 'Count' };
const dry = { type: 'boolean', 'x-mcp-header': 'Dry-Run' };
const plain = tool({ region, count, dry });

const faults: readonly (readonly [name: string, item: JsonObject, fault: RegExp])[] = [
  ['an empty name', tool({ a: { type: 'string', 'x-mcp-header': '' } }), /not a header name token/],
  ['a name with a space', tool({ a: { type: 'string', 'x-mcp-header': 'My Region' } }), /token/],
  ['a name with a colon', tool({ a: { type: 'string', 'x-mcp-header': 'Region:Primary' } }), /token/],
  ['a name with a line end', tool({ a: { type: 'string', 'x-mcp-header': 'Region\r\nX' } }), /token/],
  ['a non-ASCII name', tool({ a: { type: 'string', 'x-mcp-header': 'Région' } }), /token/],
  ['a name that is no string', tool({ a: { type: 'string', 'x-mcp-header': 7 } }), /token/],
  ['a number', tool({ a: { type: 'number', 'x-mcp-header': 'A' } }), /string, integer or boolean/],
  ['an object', tool({ a: { type: 'object', 'x-mcp-header': 'A' } }), /string, integer or boolean/],
  ['an array', tool({ a: { type: 'array', 'x-mcp-header': 'A' } }), /string, integer or boolean/],
  ['no type', tool({ a: { 'x-mcp-header': 'A' } }), /string, integer or boolean/],
  [
    'a name twice in another case',
    tool({ a: { ...region }, b: { ...region, 'x-mcp-header': 'REGION' } }),
    /twice/,
  ],
  ['an annotation under items', tool({ a: { type: 'array', items: region } }), /`properties` alone/],
  ['an annotation under anyOf', tool({}, { anyOf: [{ properties: { region } }] }), /`properties` alone/],
  ['an annotation in $defs', tool({}, { $defs: { region } }), /`properties` alone/],
  ['an annotation on the root', tool({}, { 'x-mcp-header': 'Root' }), /`properties` alone/],
];

for (const [name, item, fault] of faults) {
  test(`finds the fault of ${name}, and mirrors nothing of such a tool`, () => {
    assert.match(invalidMirrors(item) ?? '', fault);
    assert.deepEqual(mirrorsOf(item, { a: 'x', region: 'x' }), {});
  });
}

test('accepts annotations at any depth of properties', () => {
  const item = tool({ where: { type: 'object', properties: { region } } });
  assert.equal(invalidMirrors(item), undefined);
  assert.deepEqual(mirrorsOf(item, { where: { region: 'eu' } }), { 'Mcp-Param-Region': 'eu' });
});

test('does not take a property of that name, a default or an example for an annotation', () => {
  const item = tool({
    'x-mcp-header': { type: 'string' },
    a: { type: 'object', default: { 'x-mcp-header': 1 } },
  });
  assert.equal(invalidMirrors(item), undefined);
});

test('mirrors strings, integers and booleans, and leaves out what is null or absent', () => {
  assert.deepEqual(mirrorsOf(plain, { region: 'Köln', count: 42, dry: false }), {
    'Mcp-Param-Region': '=?base64?S8O2bG4=?=',
    'Mcp-Param-Count': '42',
    'Mcp-Param-Dry-Run': 'false',
  });
  assert.deepEqual(mirrorsOf(plain, { region: null }), {});
});

const agreements: readonly (readonly [
  name: string,
  args: JsonObject,
  received: JsonObject,
  agrees: boolean,
])[] = [
  ['the same text', { region: 'eu' }, { 'mcp-param-region': 'eu' }, true],
  ['another text', { region: 'eu' }, { 'mcp-param-region': 'us' }, false],
  ['text in another case', { region: 'eu' }, { 'mcp-param-region': 'EU' }, false],
  ['an empty text in both', { region: '' }, { 'mcp-param-region': '' }, true],
  ['a missing header', { region: 'eu' }, {}, false],
  ['no argument and no header', {}, {}, true],
  ['a null argument and no header', { region: null }, {}, true],
  ['a header without its argument', {}, { 'mcp-param-region': 'eu' }, false],
  ['a header for a null argument', { region: null }, { 'mcp-param-region': 'null' }, false],
  ['a header that the tool does not know', {}, { 'mcp-param-other': 'x' }, true],
  ['the same integer', { count: 42 }, { 'mcp-param-count': '42' }, true],
  ['the same integer in other words', { count: 42 }, { 'mcp-param-count': '42.0' }, true],
  ['the same integer with an exponent', { count: 1000 }, { 'mcp-param-count': '1e3' }, true],
  ['another integer', { count: 42 }, { 'mcp-param-count': '43' }, false],
  ['a text for an integer', { count: 42 }, { 'mcp-param-count': 'forty-two' }, false],
  ['a boolean', { dry: true }, { 'mcp-param-dry-run': 'true' }, true],
  ['a boolean in another case', { dry: true }, { 'mcp-param-dry-run': 'True' }, false],
];

for (const [name, args, received, agrees] of agreements) {
  test(`${agrees ? 'accepts' : 'refuses'} ${name}`, () => {
    const headers = new Map(Object.entries(received) as [string, string][]);
    assert.equal(mirrorsAgree(plain, args, headers)?.code, agrees ? undefined : 'header_mismatch');
  });
}

test('compares integers that a double cannot hold digit by digit', () => {
  const read = readDocument(Buffer.from('{"count":9007199254740993}'));
  assert.ok(!isFault(read));
  assert.deepEqual(mirrorsOf(plain, read.value), { 'Mcp-Param-Count': '9007199254740993' });
  const near = new Map([['mcp-param-count', '9007199254740992']]);
  assert.equal(mirrorsAgree(plain, read.value, near)?.code, 'header_mismatch');
});
