import type { Clock } from '../../pipeline/ports.ts';
import type { HotState } from '../../pipeline/store-ports.ts';
import { memoryEpochs } from './epochs.ts';
import { memoryLedger } from './ledger.ts';
import { memoryReplayCache } from './replay-cache.ts';

/** State of one process alone. It begins empty, and what was revoked or used is forgotten with the process. */
export function memoryHotState(clock: Pick<Clock, 'now'>): HotState {
  const epochs = memoryEpochs(clock);
  return {
    replay: memoryReplayCache(clock),
    epochs,
    ledger: memoryLedger(clock, epochs.bump),
    close: () => Promise.resolve(),
  };
}
