/** npm, a terminal and a supervisor may each pass on the same Ctrl-C; what follows this closely is an echo. */
const echoMs = 500;

/**
 * Resolves with the first of the signals. A later one, when it is no echo of the first, forces the end.
 */
export function stopSignal(
  force: (signal: NodeJS.Signals) => void,
  signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'],
): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const hear = (signal: NodeJS.Signals): void => {
      const now = performance.now();
      first ??= now;
      if (first === now) resolve(signal);
      else if (now - first > echoMs) force(signal);
    };
    for (const signal of signals) process.on(signal, hear);
  });
}
