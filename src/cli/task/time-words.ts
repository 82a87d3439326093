/** A length of time for a person, in its two largest units: `3m 12s`. Takes milliseconds. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${Math.floor((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d ${Math.floor((seconds % 86_400) / 3600)}h`;
}

/** An instant for a person, in UTC: `2026-11-23 02:50:33 UTC`. Takes milliseconds since the epoch. */
export function instant(ms: number): string {
  return new Date(ms).toISOString().replace(/T(.{8}).*/, ' $1 UTC');
}
