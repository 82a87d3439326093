import { setImmediate as nextTurn } from 'node:timers/promises';

/** Gathers lines into groups and commits one group at a time. */
export interface GroupCommit {
  /** Adds a line; the promise is that of its group and settles when the group is committed. */
  readonly add: (line: string, haste: Haste) => Promise<void>;
  /** Resolves when every group gathered so far has settled. */
  readonly drain: () => Promise<void>;
}

/** `now`: somebody waits for the line. `soon`: nobody does, so it goes with the next line or a few milliseconds later. */
export type Haste = 'now' | 'soon';

interface Group {
  urgent: boolean;
  readonly lines: string[];
  readonly settled: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

const soonMs = 5;

/**
 * Commits what was added in one turn of the event loop together; while a group is in flight the next one gathers.
 * All adders of a group share one promise, which costs less than one each. At most `limit` lines may wait; more are
 * refused, because a disk that hangs must not fill the memory.
 */
export function groupCommit(commit: (lines: readonly string[]) => Promise<void>, limit: number): GroupCommit {
  let gathering: Group | undefined;
  let running: Promise<void> | undefined;
  let alarmed = false;

  const add = (line: string, haste: Haste): Promise<void> => {
    gathering ??= newGroup();
    const { lines, settled } = gathering;
    if (lines.length >= limit) return Promise.reject(new Error(tooMany(limit)));
    lines.push(line);
    if (haste === 'now') hurry(gathering);
    else setAlarm();
    return settled;
  };

  const hurry = (group: Group): void => {
    group.urgent = true;
    running ??= run();
  };

  const setAlarm = (): void => {
    if (alarmed) return;
    alarmed = true;
    setTimeout(ring, soonMs);
  };

  /** The line that set the alarm may be gone by now; starting and stopping one for each line costs more than this. */
  const ring = (): void => {
    alarmed = false;
    if (gathering !== undefined) hurry(gathering);
  };

  const run = async (): Promise<void> => {
    await nextTurn();
    while (gathering?.urgent === true) {
      const group = gathering;
      gathering = undefined;
      await commit(group.lines).then(group.resolve, group.reject);
      await nextTurn();
    }
    running = undefined;
  };

  const drain = async (): Promise<void> => {
    if (gathering !== undefined) hurry(gathering);
    return running;
  };

  return { add, drain };
}

function newGroup(): Group {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { urgent: false, lines: [], settled: promise, resolve, reject };
}

function tooMany(limit: number): string {
  return `${limit} records wait for the disk already; the audit log is not keeping up`;
}
