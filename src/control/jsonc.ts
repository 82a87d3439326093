/**
 * Makes JSON with comments into text of the same length that YAML reads alike: comments become blanks, and so do tabs,
 * which YAML does not take as indentation. Every other character keeps its line and column.
 */
export function blankComments(text: string): string {
  return text.replace(token, (match) => (match.startsWith('"') ? match : match.replace(/[^\n]/g, ' ')));
}

/** A string (kept, whatever it holds), a comment, or a run of tabs. A string or comment that is not closed ends at the end. */
const token = /"(?:[^"\\\n]|\\.)*"?|\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?|\t+/g;

/** Whether a configuration is JSON: by its name, or because its first token is a brace. */
export function isJson(file: string, text: string): boolean {
  return /\.jsonc?$/.test(file) || /^\uFEFF?(?:\s|\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/)*\{/.test(text);
}
