let instant = Number.NaN;
let text = '';

/**
 * An instant (milliseconds since the epoch) in the form of RFC 3339, UTC. A busy millisecond is asked for many times,
 * and formatting costs 0.4 us, so the last one is kept.
 */
export function timestamp(at: number): string {
  if (at !== instant) [instant, text] = [at, new Date(at).toISOString()];
  return text;
}
