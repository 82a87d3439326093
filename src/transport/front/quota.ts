import type { PrincipalKey } from '../../model/subject.ts';

/** Counts what each principal holds open. Principals that hold nothing are forgotten. */
export interface Quota {
  /** Takes one more; false at the limit. */
  readonly take: (principal: PrincipalKey) => boolean;
  readonly give: (principal: PrincipalKey) => void;
}

/** A quota of `limit` for each principal. */
export function quota(limit: number): Quota {
  const held = new Map<PrincipalKey, number>();
  return {
    take: (principal) => {
      const count = held.get(principal) ?? 0;
      if (count >= limit) return false;
      held.set(principal, count + 1);
      return true;
    },
    give: (principal) => {
      const count = held.get(principal) ?? 0;
      if (count <= 1) held.delete(principal);
      else held.set(principal, count - 1);
    },
  };
}
