import { type Refusal, refuse } from '../../model/refusal.ts';
import type { PrincipalKey } from '../../model/subject.ts';
import { backoff } from './backoff.ts';
import type { Link } from './link.ts';
import type { ServerContext } from './settings.ts';

const closeMs = 2_000;

/** The links of one server, bounded in number and in idle time. */
export interface Links {
  /** The link of a key, opened for its owner if there is none. Refused if every allowed link is at work. */
  readonly take: (owner: PrincipalKey, key: string, open: () => Link) => Link | Refusal;
  readonly close: () => Promise<void>;
}

interface Entry {
  readonly owner: PrincipalKey;
  readonly link: Link;
  readonly openedAt: number;
  usedAt: number;
}

/** A bounded set of links. The one that was unused for the longest time makes room for a new one. */
export function links(context: Pick<ServerContext, 'limits' | 'clock'>): Links {
  const { limits, clock } = context;
  /** In the order of last use. */
  const entries = new Map<string, Entry>();
  const failing = backoff(context);
  let ended = false;

  const drop = (key: string, { link, openedAt }: Entry): Promise<void> => {
    entries.delete(key);
    if (link.closed() && link.blameless?.() !== true) failing.ended(key, openedAt);
    return within(closeMs, link.close());
  };
  const timer = setInterval(
    () => sweep(entries, context, drop),
    Math.max(10, Math.min(limits.idleMs / 2, 30_000)),
  );
  timer.unref();

  /** Among these, the idle link that was unused for the longest time makes room, if room is needed. */
  const makeRoom = (among: readonly (readonly [string, Entry])[], limit: number): boolean => {
    if (among.length < limit) return true;
    const idle = among.find(([, { link }]) => !link.busy());
    if (idle !== undefined) void drop(...idle);
    return idle !== undefined;
  };
  const hasRoom = (owner: PrincipalKey): boolean =>
    makeRoom(
      [...entries].filter(([, entry]) => entry.owner === owner),
      limits.linksPerPrincipal,
    ) && makeRoom([...entries], limits.linksPerServer);
  const fresh = (owner: PrincipalKey, key: string, open: () => Link): Link | Refusal => {
    if (ended) return refuse('upstream_failed', 'the gateway ends');
    const wait = failing.wait(key);
    if (wait > 0)
      return refuse('upstream_failed', `the server keeps failing; it is tried again in ${wait} ms`);
    if (!hasRoom(owner)) return refuse('overloaded', 'every link to the server that is allowed is at work');
    const link = open();
    entries.set(key, { link, owner, openedAt: clock.now(), usedAt: clock.now() });
    return link;
  };

  return {
    take: (owner, key, open) => {
      const known = entries.get(key);
      if (known === undefined) return fresh(owner, key, open);
      if (known.link.closed()) {
        void drop(key, known);
        return fresh(owner, key, open);
      }
      entries.delete(key);
      entries.set(key, known);
      known.usedAt = clock.now();
      return known.link;
    },
    close: async () => {
      ended = true;
      clearInterval(timer);
      await Promise.all([...entries].map(([key, entry]) => drop(key, entry)));
    },
  };
}

function sweep(
  entries: ReadonlyMap<string, Entry>,
  { limits, clock }: Pick<ServerContext, 'limits' | 'clock'>,
  drop: (key: string, entry: Entry) => Promise<void>,
): void {
  const oldest = clock.now() - limits.idleMs;
  for (const [key, entry] of entries) {
    if (entry.link.busy()) entry.usedAt = clock.now();
    if (entry.link.closed() || entry.usedAt <= oldest) void drop(key, entry);
  }
}

/** Waits for the end of a link, but not for ever; a failure to end cleanly is an end too. */
function within(ms: number, ending: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  const over = ending.catch(() => undefined).finally(() => clearTimeout(timer));
  return Promise.race([over, late.promise]);
}
