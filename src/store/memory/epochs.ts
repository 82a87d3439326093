import { randomUUID } from 'node:crypto';
import type { Clock } from '../../pipeline/ports.ts';
import type { EpochBump, EpochChanges, EpochKey, Epochs } from '../../pipeline/store-ports.ts';
import { createListeners } from '../listeners.ts';
import { fading } from './fading.ts';

const limit = 500_000;

/** Epochs whose bump is done on return. */
export interface MemoryEpochs extends Epochs {
  readonly bump: (key: EpochKey, at: number, keepUntil: number) => void;
}

interface Kept extends EpochBump {
  readonly keepUntil: number;
  /** The number of the change. */
  readonly change: number;
}

/** Epochs that are forgotten with the process. Throws when half a million are alive. */
export function memoryEpochs({ now }: Pick<Clock, 'now'>): MemoryEpochs {
  const kept = fading<Kept>(now, limit, 'epochs');
  const listeners = createListeners();
  const origin = randomUUID();
  let changes = 0;
  const bump: MemoryEpochs['bump'] = (key, at, keepUntil) => {
    const name = JSON.stringify([key.kind, key.id]);
    const before = kept.get(name);
    const moved = before === undefined || at > before.at;
    const longest = Math.max(keepUntil, before?.keepUntil ?? keepUntil);
    // An epoch stands behind all others when it has moved, so that they lie in the order of their changes.
    if (moved) kept.set(name, { key: { ...key }, at, keepUntil: longest, change: ++changes }, longest);
    else kept.replace(name, { ...before, keepUntil: longest }, longest);
    if (moved) listeners.call();
  };
  return {
    bump,
    since: (cursor) => changesAfter(kept.values(), placeOf(cursor, origin, changes), `${origin}:${changes}`),
    onBump: listeners.add,
  };
}

/** The number of the last change that the reader knows; 0 if the cursor is not of these epochs. */
function placeOf(cursor: string | undefined, origin: string, changes: number): number {
  if (cursor === undefined || !cursor.startsWith(`${origin}:`)) return 0;
  const place = Number(cursor.slice(origin.length + 1));
  return Number.isSafeInteger(place) && place >= 0 && place <= changes ? place : 0;
}

function changesAfter(kept: Iterable<Kept>, place: number, cursor: string): EpochChanges {
  const bumps = [...kept]
    .filter(({ change }) => change > place)
    .map(({ key, at }) => ({ key: { ...key }, at }));
  return { bumps, cursor };
}
