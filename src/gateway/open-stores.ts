import { join } from 'node:path';
import type { Settings } from '../control/settings.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { Documents, HotState } from '../pipeline/store-ports.ts';
import { memoryHotState } from '../store/memory/hot-state.ts';
import { openSqliteDocuments } from '../store/sqlite/documents.ts';
import { openSqliteHotState } from '../store/sqlite/hot-state.ts';

/** The state that replicas share, or that one gateway keeps. */
export interface Stores {
  readonly hot: HotState;
  readonly documents: Documents;
  readonly close: () => Promise<void>;
}

/** Opens the stores of the configuration. Rejects, with the mend, when one cannot be used; then none is open. */
export async function openStores(
  { store, state }: Pick<Settings, 'store' | 'state'>,
  clock: Clock,
): Promise<Stores> {
  const file = join(state.directory, 'state.sqlite');
  const hot = await openHot(store.hot, file, clock);
  try {
    const documents = await openDocuments(store.durable, file, clock);
    return {
      hot,
      documents,
      close: async () => {
        await documents.close();
        await hot.close();
      },
    };
  } catch (fault) {
    await hot.close();
    throw fault;
  }
}

/** The drivers of servers are loaded only where one is used. */
async function openHot(where: string, file: string, clock: Clock): Promise<HotState> {
  if (where === 'memory') return memoryHotState(clock);
  if (where === 'sqlite') return openSqliteHotState(file, clock);
  if (where.startsWith('redis')) {
    return (await import('../store/redis/hot-state.ts')).openRedisHotState(where, clock);
  }
  return (await import('../store/postgres/hot-state.ts')).openPostgresHotState(where, clock);
}

async function openDocuments(where: string, file: string, clock: Clock): Promise<Documents> {
  if (where === 'sqlite') return openSqliteDocuments(file, clock);
  return (await import('../store/postgres/documents.ts')).openPostgresDocuments(where, clock);
}
