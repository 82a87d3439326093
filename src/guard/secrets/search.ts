import { type AnchorAutomaton, anchorAutomaton } from '../anchor-automaton.ts';
import { type Anchor, anchorsOf, type Disguise, type DisguisedAnchor, type OpenAnchor } from './anchors.ts';
import type { Budget } from './budget.ts';
import { confirm } from './confirm.ts';
import { allPhases, disguises } from './disguise.ts';
import type { SecretFormat } from './format.ts';

/** A secret that was found, without the secret. */
export interface FoundSecret {
  readonly format: SecretFormat;
  readonly length: number;
  /** What it was found under, outermost first. */
  readonly disguises: readonly Disguise[];
}

/** Finds secrets in texts. */
export interface SecretSearch {
  /** Whether a JSON text without odd escapes may hold one; never wrong when it says no. */
  readonly mayHold: (json: Uint8Array) => boolean;
  readonly find: (text: string, budget: Budget) => readonly FoundSecret[];
}

/** Prepares the search for some formats. */
export function secretSearch(formats: readonly SecretFormat[]): SecretSearch {
  const anchors = anchorsOf(formats);
  const inJson = netOf(
    anchors.map((anchor) => ({ ...anchor, text: JSON.stringify(anchor.text).slice(1, -1) })),
  );
  const inText = netOf(anchors);
  return {
    mayHold: (json) =>
      inJson.automaton.some(json, json.length, (index, end) =>
        confirm(inJson.anchors[index] as Anchor, json, end, json.length),
      ),
    find(text, budget): readonly FoundSecret[] {
      const found: FoundSecret[] = [];
      if (text.length >= shortest)
        findIn({ text, bytes: asciiBytes(text), disguises: [] }, inText, budget, found);
      return found;
    },
  };
}

/** No format has a shorter secret. */
const shortest = 12;

interface Net {
  readonly anchors: readonly Anchor[];
  readonly automaton: AnchorAutomaton;
}

function netOf(anchors: readonly Anchor[]): Net {
  return { anchors, automaton: anchorAutomaton(anchors.map(({ text }) => text)) };
}

/** A text with its characters as bytes at the same offsets. */
interface Layer {
  readonly text: string;
  readonly bytes: Uint8Array;
  /** What was taken off to get here, outermost first. */
  readonly disguises: readonly Disguise[];
}

/** How many disguises are taken off one after the other: base64 in a URL that is encoded twice. */
const deepest = 3;

/** What it costs to take off a disguise, in verifications. */
const unmaskCost = 8;

function findIn(layer: Layer, net: Net, budget: Budget, found: FoundSecret[]): void {
  const { text, bytes } = layer;
  const covered = new Uint32Array(allPhases);
  let foundUntil = 0;

  function unmaskedAt(anchor: DisguisedAnchor, start: number, end: number): void {
    const part = unmaskAt(layer, anchor.disguise, start - anchor.lead, end, covered, budget);
    if (part !== undefined) findIn(part, net, budget, found);
  }

  function openAt({ format }: OpenAnchor, anchorStart: number, end: number): void {
    if (end <= foundUntil || !budget.spend(1)) return;
    const start = beginning(format, text, anchorStart);
    const length = matchLength(format, text, start);
    if (length === 0) return;
    foundUntil = start + length;
    found.push({ format, length, disguises: layer.disguises });
  }

  net.automaton.inOrder(bytes, bytes.length, (index, end) => {
    const anchor = net.anchors[index] as Anchor;
    if (!confirm(anchor, bytes, end, bytes.length)) return false;
    const start = end - anchor.text.length;
    if (anchor.disguise === undefined) openAt(anchor, start, end);
    else unmaskedAt(anchor, start, end);
    return budget.exhausted();
  });
}

/** Takes off a disguise, unless that was done already for an earlier anchor in the same part and phase. */
function unmaskAt(
  { text, disguises: taken }: Layer,
  disguise: Disguise,
  start: number,
  end: number,
  covered: Uint32Array,
  budget: Budget,
): Layer | undefined {
  const { phases, firstPhase, unmask } = disguises[disguise];
  const phase = firstPhase + (start % phases);
  if (start < 0 || taken.length === deepest || end < (covered[phase] as number)) return undefined;
  if (!budget.spend(unmaskCost)) return undefined;
  const part = unmask(text, start);
  covered[phase] = part.coveredUntil;
  return { text: latin1(part.bytes), bytes: part.bytes, disguises: [...taken, disguise] };
}

/** Walks back over what a secret of this format may have before its anchor. */
function beginning({ before }: SecretFormat, text: string, anchorStart: number): number {
  if (before === undefined) return anchorStart;
  let start = anchorStart;
  while (start > 0 && anchorStart - start < before.most && before.set.test(text.charAt(start - 1)))
    start -= 1;
  return start;
}

function matchLength({ pattern, accept }: SecretFormat, text: string, start: number): number {
  pattern.lastIndex = start;
  const match = pattern.exec(text);
  return match !== null && (accept?.(match) ?? true) ? match[0].length : 0;
}

/** The text as bytes at the same offsets; what is not ASCII becomes a byte that no anchor holds. */
function asciiBytes(text: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(text.length);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    bytes[at] = unit < 0x80 ? unit : 0xff;
  }
  return bytes;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
