import { type Refusal, refuse } from '../../model/refusal.ts';

/**
 * Waits for something that others wait for too, until the caller leaves.
 *
 * INVARIANT: a caller that leaves does not end what others wait for.
 */
export function orCancelled<T>(running: Promise<T>, signal: AbortSignal): Promise<T | Refusal> {
  const gone = Promise.withResolvers<Refusal>();
  const leave = (): void => gone.resolve(refuse('cancelled', 'the caller cancelled'));
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  return Promise.race([gone.promise, running]).finally(() => signal.removeEventListener('abort', leave));
}
