import { type Refusal, refuse } from '../../model/refusal.ts';
import type { Link } from './link.ts';
import type { ServerContext } from './settings.ts';

const closeMs = 2_000;

/** The links of one server, bounded in number and in idle time. */
export interface Links {
  /** The link of a key, opened if there is none. Refused if every allowed link is at work. */
  readonly take: (key: string, open: () => Link) => Link | Refusal;
  readonly close: () => Promise<void>;
}

interface Entry {
  readonly link: Link;
  usedAt: number;
}

/** A bounded set of links. The one that was unused for the longest time makes room for a new one. */
export function links({ limits, clock }: Pick<ServerContext, 'limits' | 'clock'>): Links {
  /** In the order of last use. */
  const entries = new Map<string, Entry>();

  const drop = (key: string, { link }: Entry): Promise<void> => {
    entries.delete(key);
    return within(closeMs, link.close());
  };
  const sweep = (): void => {
    const oldest = clock.now() - limits.idleMs;
    for (const [key, entry] of entries) {
      if (entry.link.busy()) entry.usedAt = clock.now();
      if (entry.link.closed() || entry.usedAt <= oldest) void drop(key, entry);
    }
  };
  const timer = setInterval(sweep, Math.max(10, Math.min(limits.idleMs / 2, 30_000)));
  timer.unref();

  const hasRoom = (): boolean => {
    if (entries.size < limits.linksPerServer) return true;
    const idle = [...entries].find(([, { link }]) => !link.busy());
    if (idle === undefined) return false;
    void drop(...idle);
    return true;
  };

  return {
    take: (key, open) => {
      const known = entries.get(key);
      if (known !== undefined) {
        entries.delete(key);
        if (!known.link.closed()) {
          entries.set(key, known);
          known.usedAt = clock.now();
          return known.link;
        }
        void within(closeMs, known.link.close());
      }
      if (!hasRoom()) return refuse('overloaded', `all ${limits.linksPerServer} links to the server are at work`);
      const link = open();
      entries.set(key, { link, usedAt: clock.now() });
      return link;
    },
    close: async () => {
      clearInterval(timer);
      await Promise.all([...entries].map(([key, entry]) => drop(key, entry)));
    },
  };
}

/** Waits for the end of a link, but not for ever; a failure to end cleanly is an end too. */
function within(ms: number, ending: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  const ended = ending.catch(() => undefined).finally(() => clearTimeout(timer));
  return Promise.race([ended, late.promise]);
}
