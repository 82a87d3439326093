import type { Epochs } from '../../pipeline/store-ports.ts';
import { subscriberTo } from './carriers.ts';
import { openConnection, untilAnswering } from './connection.ts';
import { epochChannel } from './epoch-lua.ts';
import type { ServerAddress } from './server-address.ts';

/** Nudges of all replicas. */
export interface Nudges {
  readonly onBump: Epochs['onBump'];
  readonly close: () => void;
}

/** How often a connection on which nothing needs to happen is asked whether it lives. */
const pulseMs = 1_000;

/** Listens on a connection of its own. */
export async function openNudges(address: ServerAddress): Promise<Nudges> {
  const listeners = new Set<() => void>();
  const nudge = (): void => {
    for (const listener of [...listeners]) listener();
  };
  const connection = openConnection(address, () => subscriberTo(address, epochChannel, nudge));
  // A failure has its effect in the connection, which is made anew.
  const pulse = setInterval(() => {
    connection.send('', ['PING']).catch(() => undefined);
  }, pulseMs);
  pulse.unref();
  const close = (): void => {
    clearInterval(pulse);
    connection.close();
  };
  try {
    await untilAnswering(connection);
  } catch (error) {
    close();
    throw error;
  }
  const onBump: Nudges['onBump'] = (listener) => {
    const own = (): void => listener();
    listeners.add(own);
    return () => {
      listeners.delete(own);
    };
  };
  return { onBump, close };
}
