/** One thing wrong in a policy file. Lines and columns count from 1. */
export interface PolicyProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What is wrong, and the mend. */
  readonly message: string;
}

/** Policies that cannot be used. The message lists every problem with its place. */
export class PolicyProblems extends Error {
  override readonly name = 'PolicyProblems';
  readonly problems: readonly PolicyProblem[];

  constructor(problems: readonly PolicyProblem[]) {
    super(problems.map(problemText).join('\n'));
    this.problems = problems;
  }
}

/** `policies/x.cedar:7:12: what is wrong`. */
export function problemText({ file, line, column, message }: PolicyProblem): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** The problem at an offset of a text, counted in UTF-16 units. */
export function problemAt(file: string, text: string, offset: number, message: string): PolicyProblem {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { file, line, column: offset - before.lastIndexOf('\n'), message };
}
