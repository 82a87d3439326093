import { type Candidate, following, isIn, type Verdict, width } from './candidate.ts';

/** Judges characters without a width: legitimate beside some letters and symbols, data elsewhere. */
export function judgeZeroWidth(candidate: Candidate): Verdict {
  const allowed = exceptions.get(candidate.code)?.(candidate) ?? false;
  return { kind: allowed ? undefined : 'zero-width', length: width(candidate.code) };
}

/** Scripts whose spelling needs joiners (RFC 5892 appendix A; Unicode core specification section 23.2). */
const joining =
  /[[\p{scx=Arab}\p{scx=Syrc}\p{scx=Mand}\p{scx=Nkoo}\p{scx=Mong}\p{scx=Phag}\p{scx=Hebr}\p{scx=Deva}\p{scx=Beng}\p{scx=Guru}\p{scx=Gujr}\p{scx=Orya}\p{scx=Taml}\p{scx=Telu}\p{scx=Knda}\p{scx=Mlym}\p{scx=Sinh}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}\p{scx=Java}\p{scx=Bali}\p{scx=Sund}\p{scx=Cham}\p{scx=Adlm}]--[\u{61C}]]/v;

/** Scripts without spaces between words, where U+200B says where a line may break. */
const unspaced = /[\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}\p{scx=Java}\p{scx=Bali}]/u;

const emoji = /\p{Extended_Pictographic}/u;
const emojiEnd = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u{FE0F}|\u{E007F}/u;
const mongolian = /[\u{1820}-\u{18AA}]/u;
const hangulJamo = /[\u{1100}-\u{115E}\u{1161}-\u{11FF}\u{A960}-\u{A97C}\u{D7B0}-\u{D7FB}]/u;
const visibleMark = /[\u{300}-\u{34E}\u{350}-\u{36F}\u{591}-\u{5C7}]/u;
const letter = /\p{L}/u;

type Exception = (candidate: Candidate) => boolean;

const insideEmoji: Exception = (candidate) =>
  isIn(emojiEnd, candidate.previous) && isIn(emoji, following(candidate));
const afterJoining: Exception = ({ previous }) => isIn(joining, previous);
const betweenUnspaced: Exception = (candidate) =>
  isIn(unspaced, candidate.previous) && isIn(unspaced, following(candidate));
const atStart: Exception = ({ previous }) => previous === -1;
const afterMongolian: Exception = ({ previous }) => isIn(mongolian, previous);
const besideJamo: Exception = (candidate) =>
  isIn(hangulJamo, candidate.previous) || isIn(hangulJamo, following(candidate));
const besideMark: Exception = (candidate) =>
  isIn(visibleMark, candidate.previous) || isIn(visibleMark, following(candidate));
const afterLetter: Exception = ({ previous }) => isIn(letter, previous);

const exceptions: ReadonlyMap<number, Exception> = new Map<number, Exception>([
  [0x00ad, afterLetter],
  [0x034f, besideMark],
  [0x115f, besideJamo],
  [0x1160, besideJamo],
  [0x180b, afterMongolian],
  [0x180c, afterMongolian],
  [0x180d, afterMongolian],
  [0x180e, afterMongolian],
  [0x180f, afterMongolian],
  [0x200b, betweenUnspaced],
  [0x200c, afterJoining],
  [0x200d, (candidate) => afterJoining(candidate) || insideEmoji(candidate)],
  [0xfeff, atStart],
]);
