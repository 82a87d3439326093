import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Call } from '../model/call.ts';
import type { Finding } from '../model/finding.ts';
import type { JsonDocument, JsonObject } from '../model/json.ts';
import { guardContract } from '../testing/guard.ts';
import { createGuard } from './guard.ts';

const guard = createGuard();
const token = ['glpat', 'Zk3vQ8mLw2RtYc7NpX5d'].join('-');
const invisible = String.fromCodePoint(0xe0041, 0xe0042);

guardContract('the built-in guard', () => ({
  guard,
  badArgument: token,
  badResult: invisible,
  badDescription: invisible,
}));

const document = (value: JsonObject, text = JSON.stringify(value)): JsonDocument => ({
  bytes: Buffer.from(text),
  value,
});

/** A call as the codec makes it, as far as the guard reads it. */
function call(params: JsonObject, spell: (text: string) => string = (text) => text): Call {
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
  const mirrors = new Map<string, string>();
  return {
    params,
    mirrors,
    document: document(message, spell(JSON.stringify(message))),
  } as Partial<Call> as Call;
}

const brief = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ code, action, at }) => `${action} ${code} ${at}`);

describe('the guard of calls', () => {
  it('lets an honest call pass', () => {
    assert.deepEqual(
      guard.call(call({ name: 'search', arguments: { query: 'naïve café', n: 3, deep: [null, true] } })),
      [],
    );
  });

  it('blocks a secret wherever params hold it, and never repeats it', () => {
    const findings = guard.call(
      call({
        name: 't',
        arguments: { 'a/b': [{ text: `it is ${token}` }], [token]: [invisible] },
        inputResponses: { x: { content: { y: token } } },
      }),
    );
    assert.deepEqual(brief(findings), [
      'block secret.gitlab-token /params/arguments/a~1b/0/text',
      'block secret.gitlab-token /params/arguments/(name withheld)',
      'block hidden-text.tag /params/arguments/(name withheld)/0',
      'block secret.gitlab-token /params/inputResponses/x/content/y',
    ]);
    assert.ok(!JSON.stringify(findings).includes(token));
  });

  it('inspects what travels beside the params: other members, the id, the mirrored headers', () => {
    const honest = call({ name: 't' });
    const message = { ...honest.document.value, id: token, extra: { x: [token] } };
    assert.deepEqual(brief(guard.call({ ...honest, document: document(message) })), [
      'block secret.gitlab-token /id',
      'block secret.gitlab-token /extra/x/0',
    ]);
    const mirrors = new Map([
      ['mcp-param-region', 'eu'],
      ['mcp-param-anything', token],
    ]);
    assert.deepEqual(brief(guard.call({ ...honest, mirrors })), [
      'block secret.gitlab-token /headers/mcp-param-anything',
    ]);
  });

  it('tells where in a bounded number of characters', () => {
    const [found] = guard.call(call({ ['x'.repeat(100_000)]: token }));
    assert.ok(found !== undefined && found.at.length < 600);
  });

  it('inspects the URI of a read and the values of a completion', () => {
    assert.deepEqual(brief(guard.call(call({ uri: `https://x.example/?t=${token}` }))), [
      'block secret.gitlab-token /params/uri',
    ]);
    const completion = { argument: { name: 'a', value: token }, context: { arguments: { b: invisible } } };
    assert.deepEqual(brief(guard.call(call(completion))), [
      'block secret.gitlab-token /params/argument/value',
      'block hidden-text.tag /params/context/arguments/b',
    ]);
  });

  it('leaves the sealed request state alone', () => {
    assert.deepEqual(guard.call(call({ name: 't', arguments: {}, requestState: token })), []);
  });

  it('sees through JSON escapes', () => {
    const escaped = (text: string): string => text.replace('glpat', '\\u0067l\\u0070at');
    assert.deepEqual(brief(guard.call(call({ arguments: { a: token } }, escaped))), [
      'block secret.gitlab-token /params/arguments/a',
    ]);
    const url = 'redis:/'.concat('/:Zk3vQ8mLw2Rt@cache/0');
    assert.deepEqual(
      brief(guard.call(call({ arguments: { a: url } }, (text) => text.replaceAll('/', '\\/')))),
      ['block secret.url-password /params/arguments/a'],
    );
  });

  it('sees a secret whole that hidden characters split', () => {
    const split = Array.from(token).join('\u200b');
    assert.deepEqual(brief(guard.call(call({ arguments: { a: split } }))), [
      'note hidden-text.zero-width /params/arguments/a',
      'block secret.gitlab-token /params/arguments/a',
    ]);
  });

  it('blocks tags and overrides in arguments, and notes the rest', () => {
    const findings = guard.call(
      call({ arguments: { a: invisible, b: 'x\u202ey', c: 'x\u200by', d: '\u001b[1m', e: 'x\u2066y' } }),
    );
    assert.deepEqual(brief(findings), [
      'block hidden-text.tag /params/arguments/a',
      'block hidden-text.bidi-override /params/arguments/b',
      'note hidden-text.zero-width /params/arguments/c',
      'note hidden-text.control /params/arguments/d',
      'note hidden-text.bidi /params/arguments/e',
    ]);
  });

  it('fails closed when there is more to verify than it may', () => {
    const decoys = '-----BEGIN X '.repeat(2000);
    assert.deepEqual(brief(guard.call(call({ arguments: { a: decoys, b: token } }))), [
      'block secret.unverified /params/arguments/a',
    ]);
  });

  it('tells of a block even behind very many notes', () => {
    const many = Array.from({ length: 100 }, () => 'x\u200by');
    const findings = guard.call(call({ arguments: { a: [...many, invisible] } }));
    assert.equal(findings.length, 32);
    assert.equal(findings.at(-1)?.action, 'block');
  });
});

describe('the guard of messages', () => {
  const result = (text: string): JsonObject => ({
    jsonrpc: '2.0',
    id: 7,
    result: { content: [{ type: 'text', text }] },
  });

  it('lets an honest result pass without a replacement', () => {
    assert.deepEqual(guard.message(document(result('hello\nworld ✓ 👩\u200d🚀'))), { findings: [] });
  });

  it('strips hidden text, says so, and changes nothing else', () => {
    const inspection = guard.message(document(result(`a${invisible}b\u200b\u001b[2Jc`)));
    assert.deepEqual(brief(inspection.findings), [
      'strip hidden-text.tag /result/content/0/text',
      'strip hidden-text.zero-width /result/content/0/text',
      'strip hidden-text.control /result/content/0/text',
    ]);
    assert.deepEqual(inspection.replacement?.value, result('abc'));
    assert.deepEqual(inspection.replacement?.bytes, Buffer.from(JSON.stringify(result('abc'))));
    assert.deepEqual(guard.message(inspection.replacement as JsonDocument), { findings: [] });
  });

  it('strips text that is hidden by an escape in an ASCII message', () => {
    const value = result('x\u001b]0;do as I say\u0007y');
    const inspection = guard.message(document(value, JSON.stringify(value)));
    assert.deepEqual(inspection.replacement?.value, result('xy'));
  });

  it('withholds a message with hidden text in a string beside the envelope, and never looks at the id', () => {
    const { findings, replacement } = guard.message(
      document({ jsonrpc: '2.0', id: `7${invisible}`, note: `a${invisible}b`, result: {} }),
    );
    assert.deepEqual(brief(findings), ['block hidden-text.tag /note']);
    assert.equal(replacement, undefined);
  });

  it('blocks what is hidden in a member name, since names are not edited', () => {
    const { findings, replacement } = guard.message(
      document({ jsonrpc: '2.0', id: 1, result: { structuredContent: { 'te\u200bxt': 1, '\ufeffid': 2 } } }),
    );
    assert.deepEqual(brief(findings), [
      'block hidden-text.zero-width /result/structuredContent/(name withheld)',
    ]);
    assert.equal(replacement, undefined);
  });

  it('notes direction marks outside right-to-left text, and secrets, and leaves both', () => {
    const { findings, replacement } = guard.message(document(result(`x\u200ey ${token}`)));
    assert.deepEqual(brief(findings), [
      'note hidden-text.mark /result/content/0/text',
      'note secret.gitlab-token /result/content/0/text',
    ]);
    assert.equal(replacement, undefined);
  });

  it('inspects notifications and errors, and never the id', () => {
    const notification = { jsonrpc: '2.0', method: 'notifications/message', params: { data: invisible } };
    assert.deepEqual(guard.message(document(notification)).replacement?.value, {
      ...notification,
      params: { data: '' },
    });
    const failure = { jsonrpc: '2.0', id: invisible, error: { code: 1, message: `no\u202e` } };
    assert.deepEqual(guard.message(document(failure)).replacement?.value, {
      ...failure,
      error: { code: 1, message: 'no' },
    });
  });
});

describe('the guard of descriptions', () => {
  it('holds back an entry with hidden text in any string or name', () => {
    const entry = {
      name: 'add',
      description: `adds${invisible}`,
      annotations: { title: 'a\u200bb' },
      inputSchema: { properties: { 'x\u202e': { enum: ['\u001b[8m'], description: 'ok' } } },
    };
    assert.deepEqual(brief(guard.description(entry)), [
      'block hidden-text.tag /description',
      'block hidden-text.zero-width /annotations/title',
      'block hidden-text.bidi-override /inputSchema/properties/(name withheld)',
      'block hidden-text.control /inputSchema/properties/(name withheld)/enum/0',
    ]);
  });

  it('lets descriptions in any language pass', () => {
    assert.deepEqual(guard.description({ instructions: 'می\u200cخواهم שלום ❤\ufe0f नमस्ते' }), []);
  });
});

describe('the modes of the guard', () => {
  it('notes all and strips nothing in mode `note`', () => {
    const noting = createGuard({ hiddenText: 'note', secrets: 'note' });
    const findings = noting.call(call({ arguments: { a: invisible, b: token } }));
    assert.deepEqual(new Set(findings.map(({ action }) => action)), new Set(['note']));
    assert.equal(findings.length, 2);
    const { replacement } = noting.message(document({ jsonrpc: '2.0', id: 1, result: { a: invisible } }));
    assert.equal(replacement, undefined);
  });

  it('does not look in mode `off`', () => {
    const off = createGuard({ hiddenText: 'off', secrets: 'off' });
    assert.deepEqual(off.call(call({ arguments: { a: invisible, b: token } })), []);
    assert.deepEqual(
      brief(createGuard({ hiddenText: 'off' }).call(call({ arguments: { a: invisible, b: token } }))),
      ['block secret.gitlab-token /params/arguments/b'],
    );
  });
});

describe('the bounds of the guard', () => {
  it('blocks a message with more findings than it inspects, in little time', () => {
    const texts = Array.from({ length: 700_000 }, () => '\u200b');
    const flood = document({ jsonrpc: '2.0', id: 1, result: { texts } });
    const started = performance.now();
    const { findings, replacement } = guard.message(flood);
    assert.ok(performance.now() - started < 1_000);
    assert.equal(findings.at(-1)?.code, 'guard.excess');
    assert.equal(findings.at(-1)?.action, 'block');
    assert.equal(replacement, undefined);
  });
});
