import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rawText } from './raw-text.ts';

const disguised = (text: string): boolean => rawText(Buffer.from(text)).disguised;

describe('raw text', () => {
  it('tells escapes that can spell what its bytes do not show', () => {
    for (const spelling of ['\\u0041', '\\/', '\\b', '\\f', '\\n\\u200b', '\\\\\\u200b']) {
      assert.equal(disguised(`{"a":"${spelling}"}`), true, spelling);
    }
    assert.equal(disguised('{"a":"\u007f"}'), true);
  });

  it('passes the escapes that only protect', () => {
    for (const spelling of ['', '\\n\\t\\r', '\\"', '\\\\u', 'C:\\\\users\\\\bin\\\\fonts', 'é']) {
      assert.equal(disguised(`{"a":"${spelling}"}`), false, spelling);
    }
  });

  it('tells characters that may be hidden', () => {
    assert.equal(disguised('{"a":"x\u200by"}'), true);
    assert.equal(disguised('{"a":"größe 東京"}'), false);
  });
});
