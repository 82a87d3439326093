import { faultMessage } from '../../model/fault-message.ts';
import type { Report } from '../../model/report.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { EpochBump, EpochChanges, EpochKey, Epochs } from '../../pipeline/store-ports.ts';
import { type EpochView, epochView } from './epoch-view.ts';
import { createWatches, type Watches } from './watches.ts';

/** The revocation epochs as this process knows them: asked on every call, never waited for. */
export interface Revocations {
  /** Whether what was issued at an instant (milliseconds since the epoch) for these keys has been revoked since. */
  readonly isRevoked: (keys: readonly EpochKey[], issuedAt: number) => boolean;
  /**
   * A signal that aborts within a second of a bump of one of the keys on any replica, and when what is watched expires.
   * `issuedAt`: what was issued after the epoch goes on; by default every bump counts. Callers with the same arguments
   * share one signal.
   */
  readonly watch: (keys: readonly EpochKey[], expiresAt: number, issuedAt?: number) => AbortSignal;
  /** The store could not be asked for so long that a revocation may have been missed: whoever asks must refuse. */
  readonly stale: () => boolean;
  /** Revokes what was issued for a key until `at`, by default now. Rejects when the store cannot be reached. */
  readonly bump: (key: EpochKey, at?: number) => Promise<void>;
  /** Asks the store now, and does not wait for a nudge. Rejects when it cannot be reached. */
  readonly refresh: () => Promise<void>;
  /** Stops; signals that are still watched abort. */
  readonly close: () => void;
}

/** What the view is made of. */
export interface RevocationsOptions {
  readonly epochs: Epochs;
  readonly clock: Pick<Clock, 'now' | 'microseconds'>;
  /** How often the store is asked, in milliseconds; nudges come at once. Default 500. */
  readonly pollMs?: number;
  /** For how long the store may be out of reach before callers are refused, in milliseconds. Default 5000. */
  readonly staleMs?: number;
  /** How long an epoch is kept, in milliseconds: longer than anything lives that was issued before it. Default 7 days. */
  readonly keepMs?: number;
  /** How many key sets are watched at once. Default 50,000. */
  readonly mostWatches?: number;
  readonly report: Report;
}

const weekMs = 7 * 86_400_000;

/** Loads all epochs and follows them. Rejects when the store cannot be asked: then nothing is known to be valid. */
export async function createRevocations(options: RevocationsOptions): Promise<Revocations> {
  const { epochs, clock, pollMs = 500, keepMs = weekMs } = options;
  const view = epochView();
  const watches = createWatches(clock, options.mostWatches ?? 50_000);
  const follower = follow(options, view, watches);
  await follower.refresh();

  const nudged = (): void => void follower.refresh().catch(follower.failed);
  const stopListening = epochs.onBump(nudged);
  const timer = setInterval(nudged, pollMs);
  timer.unref();
  return {
    isRevoked: view.isRevoked,
    watch: (keys, expiresAt, issuedAt = 0) => watches.signal(keys, issuedAt, expiresAt),
    stale: follower.stale,
    bump: async (key, at = clock.now()) => {
      await epochs.bump(key, at, Math.max(at, clock.now()) + keepMs);
      take(view, watches, [{ key, at }]);
    },
    refresh: follower.refresh,
    close: () => {
      clearInterval(timer);
      stopListening();
      watches.close();
    },
  };
}

interface Follower {
  readonly refresh: () => Promise<void>;
  readonly stale: () => boolean;
  readonly failed: (fault: unknown) => void;
}

/** Reads on from the last cursor, one reading at a time. A nudge during a reading makes another one follow. */
function follow(
  { epochs, clock, staleMs = 5_000, report }: RevocationsOptions,
  view: EpochView,
  watches: Watches,
): Follower {
  let cursor: string | undefined;
  let reachedUs = clock.microseconds();
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let reported = false;

  const read = async (): Promise<void> => {
    const from = view.isOvergrown() ? undefined : cursor;
    const asked = clock.microseconds();
    const changes = await inTime(Promise.resolve(epochs.since(from)), staleMs);
    cursor = changes.cursor;
    reachedUs = asked;
    if (reported) report('revocations are followed again', {});
    reported = false;
    for (const bump of from === undefined ? view.replace(changes.bumps) : view.apply(changes.bumps))
      watches.tell(bump);
  };
  const start = (): Promise<void> => {
    running = Promise.resolve()
      .then(read)
      .finally(() => {
        running = undefined;
      });
    return running;
  };
  const stale = (): boolean => clock.microseconds() - reachedUs > staleMs * 1000;
  return {
    refresh: () => {
      if (running === undefined) return start();
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = undefined;
          return start();
        });
      return next;
    },
    stale,
    failed: (fault) => {
      if (reported || !stale()) return;
      reported = true;
      report('revocations cannot be followed', { detail: faultMessage(fault) });
    },
  };
}

function take(view: EpochView, watches: Watches, bumps: readonly EpochBump[]): void {
  for (const bump of view.apply(bumps)) watches.tell(bump);
}

async function inTime(reading: Promise<EpochChanges>, ms: number): Promise<EpochChanges> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([reading, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
