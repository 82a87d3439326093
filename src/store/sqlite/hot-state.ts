import type { Clock } from '../../pipeline/ports.ts';
import type { HotState } from '../../pipeline/store-ports.ts';
import { openDatabase } from './database.ts';
import { sqliteEpochs } from './epochs.ts';
import { sqliteLedger } from './ledger.ts';
import { sqliteReplayCache } from './replay-cache.ts';

/**
 * Opens the hot state in the gateway's database at `path`; processes of one machine share it. Throws when it cannot be
 * used. After a loss of power the last claims and takings may be missing, and no revocation.
 */
export function openSqliteHotState(path: string, clock: Pick<Clock, 'now'>): HotState {
  const database = openDatabase(path);
  const epochs = sqliteEpochs(database, clock);
  return {
    replay: sqliteReplayCache(database, clock),
    epochs,
    ledger: sqliteLedger(database, clock, epochs),
    close: () => {
      epochs.stop();
      if (database.isOpen) database.close();
      return Promise.resolve();
    },
  };
}
