/** A message as a sentence: messages are fragments, and on a page they stand alone. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
