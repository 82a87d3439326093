import type { EpochBump, EpochKey } from '../../pipeline/store-ports.ts';

/** The epochs as this process knows them. */
export interface EpochView {
  /** Takes bumps in; answers those that moved something. */
  readonly apply: (bumps: readonly EpochBump[]) => readonly EpochBump[];
  /** Takes the whole of the store in, in place of what was known: what the store has forgotten is forgotten here too. */
  readonly replace: (bumps: readonly EpochBump[]) => readonly EpochBump[];
  readonly isRevoked: (keys: readonly EpochKey[], issuedAt: number) => boolean;
  /** Whether so much was added since the last whole that it is time for another one. */
  readonly isOvergrown: () => boolean;
}

/** Below so many epochs nobody looks for forgotten ones. */
const few = 10_000;

/** An empty view. */
export function epochView(): EpochView {
  let epochs = new Map<string, number>();
  let whole = 0;
  const namesOf = rememberedNames();
  const apply = (bumps: readonly EpochBump[]): readonly EpochBump[] =>
    bumps.filter(({ key, at }) => {
      const name = epochName(key);
      if (at <= (epochs.get(name) ?? -Infinity)) return false;
      epochs.set(name, at);
      return true;
    });
  return {
    apply,
    replace: (bumps) => {
      const before = epochs;
      epochs = new Map();
      const moved = apply(bumps).filter(({ key, at }) => at > (before.get(epochName(key)) ?? -Infinity));
      whole = epochs.size;
      return moved;
    },
    isRevoked: (keys, issuedAt) => {
      if (epochs.size === 0) return false;
      const names = namesOf(keys);
      return keys.some((key, n) => {
        const at = epochs.get(names[n] ?? epochName(key));
        return at !== undefined && ends({ key, at }, issuedAt);
      });
    },
    isOvergrown: () => epochs.size > few + 2 * whole,
  };
}

/**
 * Whether a bump ends what was issued at an instant. A task and a token never begin again, so that for them it does not
 * matter whose clock is right.
 */
export function ends({ key, at }: EpochBump, issuedAt: number): boolean {
  return key.kind === 'task' || key.kind === 'token' || issuedAt <= at;
}

/** The names of some keys, in their order. A token shows the same list on every call, so its names are made once. */
function rememberedNames(): (keys: readonly EpochKey[]) => readonly string[] {
  const known = new WeakMap<readonly EpochKey[], readonly string[]>();
  return (keys) => {
    const before = known.get(keys);
    if (before !== undefined) return before;
    const made = keys.map(epochName);
    known.set(keys, made);
    return made;
  };
}

/** A kind holds no blank, so the parts stay apart. */
export function epochName({ kind, id }: EpochKey): string {
  return `${kind} ${id}`;
}
