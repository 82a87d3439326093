/** What the exit status of a command says. */
export const exitCode: {
  readonly ok: 0;
  /** The command ran, and what it looked at is not in order. */
  readonly findings: 1;
  /** The command line or the configuration is wrong. */
  readonly usage: 2;
  /** The command could not run. */
  readonly failed: 3;
} = { ok: 0, findings: 1, usage: 2, failed: 3 };

/** The exit status of a command. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
