import type { Peek, SecretFormat } from './format.ts';
import { holdsEncodedAt } from './peek.ts';

/** How a secret may be written so that its own characters do not show. */
export type Disguise = 'base64' | 'hex' | 'percent';

/** One literal that the automaton looks for, and what it means. */
export interface Anchor {
  readonly text: string;
  /** Only this case counts; the automaton itself does not tell. */
  readonly exact: boolean;
  /** Of a secret in the open. */
  readonly format: SecretFormat | undefined;
  /** Of a secret in disguise. */
  readonly disguise: Disguise | undefined;
  /** How far before the anchor a byte of the disguised text begins (base64: the group of four characters). */
  readonly lead: number;
  readonly peek: Peek | undefined;
}

/** The anchors of some formats and of their disguises. */
export function anchorsOf(formats: readonly SecretFormat[]): readonly Anchor[] {
  const hidden = formats.flatMap(disguisedLiterals);
  return [
    ...openAnchors(formats),
    ...unique(hidden.flatMap(base64Anchors)),
    ...unique(hidden.flatMap(hexAnchors)),
    ...percentAnchors(),
  ];
}

/** The anchors of secrets in the open alone. */
export function openAnchors(formats: readonly SecretFormat[]): readonly Anchor[] {
  return formats.flatMap((format) =>
    format.anchors.map((text) => ({
      text,
      exact: format.caseless !== true,
      format,
      disguise: undefined,
      lead: 0,
      peek: format.peek,
    })),
  );
}

function disguisedLiterals(format: SecretFormat): readonly string[] {
  return format.disguised ?? (format.caseless ? [] : format.anchors.filter((anchor) => anchor.length >= 4));
}

/** Longer anchors add states to the automaton and no certainty. */
const longestBase64 = 7;
const longestHex = 10;

/**
 * What is certain to stand in base64 of any text that holds the literal: one spelling for each place within a group
 * of three bytes (RFC 4648 section 4, or section 5 for the URL-safe alphabet).
 */
function base64Anchors(literal: string): readonly Anchor[] {
  return [0, 1, 2].flatMap((place) => {
    const padded = Buffer.from('\0'.repeat(place) + literal, 'latin1').toString('base64');
    const lead = Math.ceil((8 * place) / 6);
    const certain = Math.floor((8 * (place + literal.length)) / 6);
    const text = padded.slice(lead, Math.min(certain, lead + longestBase64));
    const spellings = new Set([text, text.replaceAll('+', '-').replaceAll('/', '_')]);
    return text.length < 4 ? [] : Array.from(spellings, (each) => disguised('base64', each, true, lead));
  });
}

function hexAnchors(literal: string): readonly Anchor[] {
  const text = Buffer.from(literal, 'latin1').toString('hex').slice(0, longestHex);
  return [disguised('hex', text, false, 0)];
}

/**
 * No honest writer percent-encodes a letter or a digit (RFC 3986 section 2.3), so each of them is an anchor. `%3A%2F%2F` is
 * what an honest writer makes of the `://` of a URL that may hold a password.
 */
function percentAnchors(): readonly Anchor[] {
  const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const spelled = Array.from(letters, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  return [
    ...spelled.map((text) => disguised('percent', text, false, 0)),
    { ...disguised('percent', '%3a%2f%2f', false, 0), peek: holdsEncodedAt },
  ];
}

function disguised(disguise: Disguise, text: string, exact: boolean, lead: number): Anchor {
  return { text, exact, format: undefined, disguise, lead, peek: undefined };
}

function unique(anchors: readonly Anchor[]): readonly Anchor[] {
  return [...new Map(anchors.map((anchor) => [`${anchor.lead} ${anchor.text}`, anchor])).values()];
}
