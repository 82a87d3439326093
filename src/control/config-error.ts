/** A place in a configuration file, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One thing wrong in a configuration, with the mend in its message. */
export interface Problem extends Place {
  readonly file: string;
  readonly message: string;
}

/** A configuration that cannot be used. It names everything that is wrong, not only the first. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** `file:line:column: message`, as compilers and editors write it. */
export function formatProblem({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`;
}
