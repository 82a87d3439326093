import { Client } from 'pg';
import type { Epochs } from '../../pipeline/store-ports.ts';
import { createListeners } from '../listeners.ts';
import { connectionSettings } from './pool.ts';

/** The channel on which bumps are told (`NOTIFY`). */
export const epochChannel = 'bartizan_epoch';

/** After how many milliseconds a lost connection is opened again, the first time and at most. */
const [firstPauseMs, longestPauseMs] = [100, 5_000];

/** How often it is asked whether a silent connection still lives, in milliseconds. */
const beatEveryMs = 15_000;

/** Nudges from the database. */
export interface Nudges {
  readonly onBump: Epochs['onBump'];
  readonly close: () => Promise<void>;
}

/**
 * Listens from the first listener on, with a connection of its own that is opened again when it breaks. What was told
 * while it was broken is lost, so listeners are called whenever it has been opened.
 */
export function postgresNudges(connectionString: string): Nudges {
  const listeners = createListeners();
  let [closed, pause] = [false, firstPauseMs];
  let client: Client | undefined;
  let timer: NodeJS.Timeout | undefined;

  const lost = (broken: Client): void => {
    if (client !== broken) return;
    client = undefined;
    clearTimeout(timer);
    // A broken connection may refuse to end; there is nothing more to it.
    broken.end().catch(() => undefined);
    if (closed) return;
    timer = setTimeout(open, pause).unref();
    pause = Math.min(pause * 2, longestPauseMs);
  };
  const beat = (alive: Client): void => {
    clearTimeout(timer);
    if (client !== alive) return;
    timer = setTimeout(() => {
      alive.query('SELECT 1').then(
        () => beat(alive),
        () => lost(alive),
      );
    }, beatEveryMs).unref();
  };
  const open = (): void => {
    const opened = new Client(connectionSettings(connectionString));
    client = opened;
    opened.on('error', () => lost(opened));
    opened.on('end', () => lost(opened));
    opened.on('notification', listeners.call);
    opened
      .connect()
      .then(() => opened.query(`LISTEN ${epochChannel}`))
      .then(
        () => {
          pause = firstPauseMs;
          beat(opened);
          listeners.call();
        },
        () => lost(opened),
      );
  };
  return {
    onBump: (listener) => {
      if (client === undefined && timer === undefined && !closed) open();
      return listeners.add(listener);
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      const last = client;
      client = undefined;
      await last?.end();
    },
  };
}
