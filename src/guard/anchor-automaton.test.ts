import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { anchorAutomaton } from './anchor-automaton.ts';

type Occurrence = readonly [anchor: number, end: number];

const byPlace = (a: Occurrence, b: Occurrence): number => a[1] - b[1] || a[0] - b[0];

function naive(anchors: readonly string[], text: string): readonly Occurrence[] {
  const folded = text.toLowerCase();
  return anchors
    .flatMap((anchor, index) =>
      Array.from({ length: text.length }, (_, at) => at)
        .filter((at) => folded.startsWith(anchor.toLowerCase(), at))
        .map((at): Occurrence => [index, at + anchor.length]),
    )
    .sort(byPlace);
}

const alphabet = fc.constantFrom(...'abAB-x');
const words = fc.array(fc.string({ unit: alphabet, minLength: 1, maxLength: 5 }), {
  minLength: 1,
  maxLength: 12,
});
const texts = fc.string({ unit: alphabet, maxLength: 60 });

describe('the anchor automaton', () => {
  it('finds exactly what a naive search finds, in order', () => {
    fc.assert(
      fc.property(words, texts, (anchors, text) => {
        const found: Occurrence[] = [];
        const bytes = Buffer.from(text, 'latin1');
        anchorAutomaton(anchors).inOrder(
          bytes,
          bytes.length,
          (anchor, end) => found.push([anchor, end]) === 0,
        );
        assert.deepEqual(
          found.map(([, end]) => end),
          found.map(([, end]) => end).sort((a, b) => a - b),
        );
        assert.deepEqual(found.sort(byPlace), naive(anchors, text));
      }),
      { numRuns: 1000 },
    );
  });

  it('shows every occurrence to a search for some, wherever the halves meet', () => {
    fc.assert(
      fc.property(words, texts, (anchors, text) => {
        const found = new Set<string>();
        const bytes = Buffer.from(text, 'latin1');
        const stopped = anchorAutomaton(anchors).some(bytes, bytes.length, (anchor, end) => {
          found.add(`${anchor} ${end}`);
          return false;
        });
        assert.equal(stopped, false);
        assert.deepEqual(found, new Set(naive(anchors, text).map(([anchor, end]) => `${anchor} ${end}`)));
      }),
      { numRuns: 1000 },
    );
  });

  it('stops at the first occurrence that is confirmed', () => {
    let shown = 0;
    const bytes = Buffer.from('one one one');
    assert.equal(
      anchorAutomaton(['one']).some(bytes, bytes.length, () => ++shown === 2),
      true,
    );
    assert.equal(shown, 2);
  });

  it('passes over bytes that no anchor holds', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    assert.equal(
      anchorAutomaton(['abd']).some(bytes, bytes.length, () => true),
      false,
    );
  });

  it('refuses an empty anchor', () => {
    assert.throws(() => anchorAutomaton(['a', '']), /an anchor is empty/);
  });
});
