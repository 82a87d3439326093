import { type AnchorAutomaton, anchorAutomaton } from '../anchor-automaton.ts';
import { type Anchor, anchorsOf, type Disguise, openAnchors } from './anchors.ts';
import type { Budget } from './budget.ts';
import { confirm } from './confirm.ts';
import { disguises } from './disguise.ts';
import type { SecretFormat } from './format.ts';

/** A secret that was found, without the secret. */
export interface FoundSecret {
  readonly format: SecretFormat;
  readonly length: number;
  readonly disguise: Disguise | undefined;
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
  const inJson = anchorAutomaton(anchors.map(({ text }) => JSON.stringify(text).slice(1, -1)));
  const spelledInJson = anchors.map((anchor) => ({
    ...anchor,
    text: JSON.stringify(anchor.text).slice(1, -1),
  }));
  const everywhere: Net = { anchors, automaton: anchorAutomaton(anchors.map(({ text }) => text)) };
  const open = openAnchors(formats);
  const unmasked: Net = { anchors: open, automaton: anchorAutomaton(open.map(({ text }) => text)) };
  return {
    mayHold: (json) =>
      inJson.some(json, json.length, (index, end) =>
        confirm(spelledInJson[index] as Anchor, json, end, json.length),
      ),
    find: (text, budget) => (text.length < shortest ? [] : findAll(everywhere, unmasked, text, budget)),
  };
}

/** No format has a shorter secret. */
const shortest = 12;

interface Net {
  readonly anchors: readonly Anchor[];
  readonly automaton: AnchorAutomaton;
}

/** What it costs to take off a disguise, in verifications. */
const unmaskCost = 8;

function findAll(everywhere: Net, unmasked: Net, text: string, budget: Budget): readonly FoundSecret[] {
  const found: FoundSecret[] = [];
  const covered = new Map<string, number>();
  const bytes = asciiBytes(text);
  findOpen(everywhere, text, bytes, budget, found, undefined, (anchor, disguise, end) => {
    const { phases, unmask } = disguises[disguise];
    const start = end - anchor.text.length - anchor.lead;
    const phase = `${disguise} ${(start + phases) % phases}`;
    if (start < 0 || end < (covered.get(phase) ?? 0) || !budget.spend(unmaskCost)) return;
    const part = unmask(text, start);
    covered.set(phase, part.coveredUntil);
    findOpen(unmasked, latin1(part.bytes), part.bytes, budget, found, disguise, () => {});
  });
  return found;
}

type DisguisedVisitor = (anchor: Anchor, disguise: Disguise, end: number) => void;

function findOpen(
  net: Net,
  text: string,
  bytes: Uint8Array,
  budget: Budget,
  found: FoundSecret[],
  disguise: Disguise | undefined,
  visitDisguised: DisguisedVisitor,
): void {
  let coveredUntil = 0;
  net.automaton.each(bytes, bytes.length, (index, end) => {
    const anchor = net.anchors[index] as Anchor;
    if (!confirm(anchor, bytes, end, bytes.length)) return;
    if (anchor.disguise !== undefined) return visitDisguised(anchor, anchor.disguise, end);
    const { format } = anchor;
    if (format === undefined || end <= coveredUntil || !budget.spend(1)) return;
    const start = beginning(format, text, end - anchor.text.length);
    const length = matchLength(format, text, start);
    if (length === 0) return;
    coveredUntil = start + length;
    found.push({ format, length, disguise });
  });
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
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    bytes[at] = unit < 0x80 ? unit : 0xff;
  }
  return bytes;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
