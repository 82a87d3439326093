import type { Peek, SecretFormat } from './format.ts';
import { holdsEncodedAt } from './peek.ts';

/** How a secret may be written so that its own characters do not show. */
export type Disguise = 'base64' | 'hex' | 'percent';

interface AnchorFacts {
  readonly text: string;
  /** Only this case counts; the automaton itself does not tell. */
  readonly exact: boolean;
  /** It must not follow a letter or digit. */
  readonly bounded: boolean;
  readonly peek: Peek | undefined;
}

/** One literal of a secret in the open. */
export interface OpenAnchor extends AnchorFacts {
  readonly format: SecretFormat;
  readonly disguise: undefined;
  readonly lead: 0;
}

/** One literal of a secret in disguise. */
export interface DisguisedAnchor extends AnchorFacts {
  readonly format: undefined;
  readonly disguise: Disguise;
  /** How far before the anchor a byte of the disguised text begins (base64: the group of four characters). */
  readonly lead: number;
}

/** One literal that the automaton looks for, and what it means. */
export type Anchor = OpenAnchor | DisguisedAnchor;

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

/** Every anchor is written with the same members in the same order: the look at a hit is then a plain load. */
function openAnchors(formats: readonly SecretFormat[]): readonly OpenAnchor[] {
  return formats.flatMap((format) =>
    format.anchors.map((text) => ({
      text,
      exact: format.caseless !== true,
      bounded: format.bounded === true,
      peek: format.peek,
      format,
      disguise: undefined,
      lead: 0 as const,
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
function base64Anchors(literal: string): readonly DisguisedAnchor[] {
  return [0, 1, 2].flatMap((place) => {
    const padded = Buffer.from('\0'.repeat(place) + literal, 'latin1').toString('base64');
    const lead = Math.ceil((8 * place) / 6);
    const certain = Math.floor((8 * (place + literal.length)) / 6);
    const text = padded.slice(lead, Math.min(certain, lead + longestBase64));
    const spellings = new Set([text, text.replaceAll('+', '-').replaceAll('/', '_')]);
    return text.length < 4 ? [] : Array.from(spellings, (each) => disguised('base64', each, true, lead));
  });
}

function hexAnchors(literal: string): readonly DisguisedAnchor[] {
  const text = Buffer.from(literal, 'latin1').toString('hex').slice(0, longestHex);
  return [disguised('hex', text, false, 0)];
}

/**
 * No honest writer percent-encodes a letter or a digit (RFC 3986 section 2.3), so each of them is an anchor, encoded
 * once or twice, and so is anything encoded more often. `%3A%2F%2F` is what an honest writer makes of the `://` of a
 * URL that may hold a password.
 */
function percentAnchors(): readonly DisguisedAnchor[] {
  const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const spelled = Array.from(letters, (letter) => letter.charCodeAt(0).toString(16));
  return [
    ...spelled.map((code) => disguised('percent', `%${code}`, false, 0)),
    ...spelled.map((code) => disguised('percent', `%25${code}`, false, 0)),
    disguised('percent', '%2525', false, 0),
    disguised('percent', '%3a%2f%2f', false, 0, holdsEncodedAt),
  ];
}

function disguised(
  disguise: Disguise,
  text: string,
  exact: boolean,
  lead: number,
  peek?: Peek,
): DisguisedAnchor {
  return { text, exact, bounded: false, peek, format: undefined, disguise, lead };
}

function unique(anchors: readonly DisguisedAnchor[]): readonly DisguisedAnchor[] {
  return [...new Map(anchors.map((anchor) => [`${anchor.lead} ${anchor.text}`, anchor])).values()];
}
