import { type Candidate, type Verdict, width } from './candidate.ts';

const blackFlag = 0x1f3f4;

/**
 * The flags made of tag characters that are recommended for general interchange (UTS 51, RGI_Emoji_Tag_Sequence):
 * England, Scotland, Wales. Other well-formed sequences show as a plain black flag almost everywhere, so their tags
 * are as hidden as any.
 */
const flags = ['gbeng', 'gbsct', 'gbwls'].map((region) => tagged(region) + String.fromCodePoint(0xe007f));

/** Judges a character of the Tags block, which spells ASCII that no one sees. */
export function judgeTag(candidate: Candidate): Verdict {
  const { text, index, code, previous } = candidate;
  const flag = previous === blackFlag ? flags.find((each) => text.startsWith(each, index)) : undefined;
  return flag === undefined ? { kind: 'tag', length: width(code) } : { kind: undefined, length: flag.length };
}

/** Spells ASCII in tag characters. */
export function tagged(ascii: string): string {
  return Array.from(ascii, (letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join('');
}
