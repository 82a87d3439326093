import type { Codec } from './codec.ts';
import { codec as rev20241105 } from './rev2024-11-05/codec.ts';
import { codec as rev20250326 } from './rev2025-03-26/codec.ts';
import { codec as rev20250618 } from './rev2025-06-18/codec.ts';
import { codec as rev20251125 } from './rev2025-11-25/codec.ts';
import { codec as rev20260728 } from './rev2026-07-28/codec.ts';

/** The MCP revisions in use, newest first. */
export const codecs: readonly Codec[] = [rev20260728, rev20251125, rev20250618, rev20250326, rev20241105];

const byRevision: ReadonlyMap<string, Codec> = new Map(codecs.map((codec) => [codec.revision, codec]));

/** The codec of a revision by its date, such as `2026-07-28`. */
export function codecOf(revision: string): Codec | undefined {
  return byRevision.get(revision);
}

/** The newest revision of an era. Throws if there is none left, which is a fault of the list above. */
export function newestOf(era: Codec['era']): Codec {
  const newest = codecs.find((codec) => codec.era === era);
  if (newest === undefined) throw new Error(`no revision of the ${era} era is in use`);
  return newest;
}
