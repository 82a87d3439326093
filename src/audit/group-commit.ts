import { setImmediate as nextTurn } from 'node:timers/promises';

/** Gathers lines into groups and commits one group at a time. */
export interface GroupCommit {
  /** Adds a line; the promise is that of its group and settles when the group is committed. */
  readonly add: (line: string) => Promise<void>;
  /** Resolves when every group gathered so far has settled. */
  readonly drain: () => Promise<void>;
}

interface Group {
  readonly lines: string[];
  readonly settled: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Commits what was added in one turn of the event loop together; while a group is in flight the next one gathers.
 * All adders of a group share one promise, which costs less than one each. At most `limit` lines may wait; more are
 * refused, because a disk that hangs must not fill the memory.
 */
export function groupCommit(commit: (lines: readonly string[]) => Promise<void>, limit: number): GroupCommit {
  let gathering: Group | undefined;
  let running: Promise<void> | undefined;

  const add = (line: string): Promise<void> => {
    gathering ??= newGroup();
    if (gathering.lines.length >= limit) return Promise.reject(new Error(tooMany(limit)));
    gathering.lines.push(line);
    running ??= run();
    return gathering.settled;
  };

  const run = async (): Promise<void> => {
    await nextTurn();
    while (gathering !== undefined) {
      const group: Group = gathering;
      gathering = undefined;
      await commit(group.lines).then(group.resolve, group.reject);
      await nextTurn();
    }
    running = undefined;
  };

  return { add, drain: async () => running };
}

function newGroup(): Group {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { lines: [], settled: promise, resolve, reject };
}

function tooMany(limit: number): string {
  return `${limit} records wait for the disk already; the audit log is not keeping up`;
}
