/**
 * Runs something with a signal that aborts as soon as one of two does. Afterwards nothing hangs on either of them: one of
 * them may live for hours and be shared by all calls of a token. `AbortSignal.any` costs ten times as much there, because
 * it leaves it to the garbage collector to take its signals off again.
 */
export async function withEither<T>(
  one: AbortSignal,
  other: AbortSignal,
  run: (either: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const either = new AbortController();
  const follow = (): void => either.abort((one.aborted ? one : other).reason);
  if (one.aborted || other.aborted) follow();
  one.addEventListener('abort', follow);
  other.addEventListener('abort', follow);
  try {
    return await run(either.signal);
  } finally {
    one.removeEventListener('abort', follow);
    other.removeEventListener('abort', follow);
  }
}
