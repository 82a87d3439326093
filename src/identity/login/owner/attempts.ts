import { isIPv6 } from 'node:net';
import type { Clock } from '../../../pipeline/ports.ts';
import type { Documents } from '../../../pipeline/store-ports.ts';
import { changeDocument } from '../change-document.ts';
import { RequestFault } from '../request-fault.ts';
import { digest } from '../secrets.ts';

/** Counts failed logins, so that guessing gets slower and slower. */
export interface Attempts {
  /**
   * Enters an attempt before it is looked at, as if it had failed: attempts at the same moment cannot all slip through.
   * @throws RequestFault with the time to wait
   */
  readonly begin: (keys: readonly AttemptKey[]) => Promise<void>;
  /** The attempt was a success: nothing is held against these keys any more. */
  readonly succeed: (keys: readonly AttemptKey[]) => Promise<void>;
}

/** Who is counted: an account, or where the attempts come from. */
export interface AttemptKey {
  readonly kind: 'account' | 'peer';
  readonly id: string;
}

const kind = 'login-attempts';
const free = 5;
/** A stranger must not be able to lock the owner out for long; a peer may be kept away longer. */
const longestMs = { account: 60_000, peer: 15 * 60_000 } as const;
const keptMs = 24 * 3_600_000;

/** Keeps the counters in documents, so that neither a restart nor another replica forgets them. */
export function createAttempts(documents: Documents, clock: Pick<Clock, 'now'>): Attempts {
  const enter = (key: AttemptKey): Promise<boolean> =>
    changeDocument(documents, kind, idOf(key), (found) => {
      const now = clock.now();
      const until = Number(found?.value['until'] ?? 0);
      if (now < until) throw tooMany(until - now);
      const failures = Number(found?.value['failures'] ?? 0) + 1;
      return { value: { failures, until: now + delayMs(failures, key.kind) }, expiresAt: now + keptMs };
    });
  return {
    begin: async (keys) => {
      for (const key of keys) await enter(key);
    },
    succeed: async (keys) => {
      for (const key of keys) await documents.remove(kind, idOf(key));
    },
  };
}

function tooMany(ms: number): RequestFault {
  const seconds = Math.ceil(ms / 1000);
  return new RequestFault(429, `too many attempts; try again in ${seconds} s`, seconds);
}

/** Nothing for the first ones, then one second, and twice as long after each. */
function delayMs(failures: number, of: AttemptKey['kind']): number {
  return failures < free ? 0 : Math.min(1000 * 2 ** Math.min(failures - free, 20), longestMs[of]);
}

function idOf({ kind: of, id }: AttemptKey): string {
  return `${of}:${digest(of === 'peer' ? network(id) : id)}`;
}

/** Of an IPv6 address the first 64 bits: the rest is the peer's to choose (RFC 4291 section 2.5.4). */
function network(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail = ''] = address.split('%')[0]?.split('::') ?? [];
  const [left, right] = [head, tail].map((part) => (part === '' ? [] : part.split(':')));
  const gap = address.includes('::') ? 8 - (left?.length ?? 0) - (right?.length ?? 0) : 0;
  const groups = [...(left ?? []), ...Array.from({ length: gap }, () => '0'), ...(right ?? [])];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
