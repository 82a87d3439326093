import type { Clock } from '../../pipeline/ports.ts';
import type { HotState } from '../../pipeline/store-ports.ts';
import { durableDatabase, quickDatabase, update } from './database.ts';
import { postgresEpochs } from './epochs.ts';
import { postgresLedger } from './ledger.ts';
import { postgresNudges } from './nudges.ts';
import { postgresReplayCache } from './replay-cache.ts';
import { parseServerAddress } from './server-address.ts';

/**
 * Opens the hot state in a PostgreSQL database, making its tables where they are missing. Rejects when the database
 * cannot be used, with what to mend. After a crash of the server the last claims and takings may be missing, and no
 * revocation. It needs connections that last: no pooler in transaction mode between.
 */
export async function openPostgresHotState(url: string, clock: Pick<Clock, 'now'>): Promise<HotState> {
  const address = parseServerAddress(url);
  const quick = quickDatabase(address, 8);
  const durable = durableDatabase(address, 4);
  const nudges = postgresNudges(address.connectionString);
  const close = async (): Promise<void> => {
    await Promise.all([nudges.close(), quick.destroy(), durable.destroy()]);
  };
  try {
    await update(durable, address);
  } catch (cause) {
    await close();
    throw cause;
  }
  return {
    replay: postgresReplayCache(quick, clock),
    epochs: postgresEpochs(durable, clock, nudges.onBump),
    ledger: postgresLedger({ quick, durable }, clock),
    close,
  };
}
