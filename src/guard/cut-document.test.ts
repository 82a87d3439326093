import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { JsonDocument, JsonObject, JsonValue } from '../model/json.ts';
import { cutDocument, without } from './cut-document.ts';
import type { Span } from './detector.ts';

/** Marks every `#`, every emoji and every NUL for cutting. */
function marked(text: string): readonly Span[] {
  return Array.from(text.matchAll(/[#\0]|\u{1F600}/gu), (match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
}

const document = (text: string): JsonDocument => ({
  bytes: Buffer.from(text),
  value: JSON.parse(text) as JsonObject,
});
const cut = (text: string): string => Buffer.from(cutDocument(document(text), marked).bytes).toString();

function cutTexts(value: JsonValue): JsonValue {
  if (typeof value === 'string') return without(value, marked(value));
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(cutTexts);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, cutTexts(member as JsonValue)]);
  return Object.fromEntries(members) as JsonObject;
}

describe('cutting a document', () => {
  it('keeps every other byte: spaces, numbers, escapes, unknown members, order', () => {
    assert.equal(
      cut(
        '{ "result" : {"2":"a#b", "1":[12345678901234567890, 1.10e3 , "\\u00e9\\u0023\\n\\"#"] , "x":null}\n}',
      ),
      '{ "result" : {"2":"ab", "1":[12345678901234567890, 1.10e3 , "\\u00e9\\n\\""] , "x":null}\n}',
    );
  });

  it('cuts whole characters in every spelling', () => {
    assert.equal(cut('{"r":["é#ß", "😀x😀", "\\ud83d\\ude00y", "\\u0000z"]}'), '{"r":["éß", "x", "y", "z"]}');
  });

  it('leaves member names and the strings of the envelope as they are', () => {
    const text = '{"jsonrpc":"2.0","id":"a#1","method":"m#","params":{"k#" : "v"}}';
    assert.equal(cut(text), text);
    assert.deepEqual(cutDocument(document(text), marked).value, JSON.parse(text));
  });

  it('keeps numbers that a double cannot hold, as the same objects', () => {
    const big = JSON.parse('{"r":{"n":1,"t":"a#"}}') as { r: { n: unknown } };
    const raw = Object.freeze({ rawJSON: '12345678901234567890' });
    big.r.n = raw;
    const source = { bytes: Buffer.from('{"r":{"n":12345678901234567890,"t":"a#"}}'), value: big as never };
    const { bytes, value } = cutDocument(source, marked);
    assert.equal(Buffer.from(bytes).toString(), '{"r":{"n":12345678901234567890,"t":"a"}}');
    assert.equal((value['r'] as unknown as { n: unknown }).n, raw);
  });

  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.string({ unit: fc.constantFrom('#', '😀', '\0', '\\', '"', 'a', '{', ':'), maxLength: 8 }),
  );
  const { results } = fc.letrec<{ results: JsonValue; object: JsonValue }>((tie) => ({
    results: fc.oneof(
      { depthSize: 'small' },
      texts,
      fc.integer(),
      fc.constant(null),
      fc.array(tie('results'), { maxLength: 3 }),
      tie('object'),
    ),
    object: fc.dictionary(texts, tie('results'), { maxKeys: 3 }) as fc.Arbitrary<JsonValue>,
  }));

  it('gives bytes that say what its value says: the old value without the marked parts', () => {
    fc.assert(
      fc.property(results, fc.constantFrom(undefined, 1, '\t'), (result, indent) => {
        const text = JSON.stringify({ jsonrpc: '2.0', id: '#', result: [result] }, null, indent);
        const { bytes, value } = cutDocument(document(text), marked);
        const read = JSON.parse(Buffer.from(bytes).toString()) as JsonObject;
        assert.deepEqual(read, value);
        assert.deepEqual(read, {
          jsonrpc: '2.0',
          id: '#',
          result: [cutTexts((JSON.parse(text) as { result: [JsonValue] }).result[0])],
        });
      }),
      { numRuns: 1000 },
    );
  });
});
