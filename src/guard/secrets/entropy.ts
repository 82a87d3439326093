/** Shannon entropy of the characters of a text, in bits for each character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** Whether a text looks drawn at random rather than written as a placeholder (`xxxx`, `1234`, `YOUR_KEY_HERE`). */
export function looksRandom(text: string): boolean {
  return entropy(text) >= 3 && !placeholder.test(text);
}

/** Words that stand where a secret would, in documentation and templates. */
export const placeholder: RegExp =
  /x{5,}|\*{4,}|\.{4,}|0{8,}|12345678|abcdefgh|^(?:your|my|the|insert|replace|sample|dummy)[-_]|[-_]?your[-_](?:api|secret|key|token|password)|placeholder|redacted|changeme/i;
