import type { TaskId } from '../../model/task.ts';
import type { Connection } from './connection.ts';
import { signLua } from './ledger-lua.ts';
import { script } from './script.ts';

const sign = script(signLua);

/** Roots that this process has met; the oldest are asked for again. */
const limit = 50_000;

/**
 * Finds the tree that a task belongs to. A tree is named by its root, the first ancestor, and a task that was not
 * delegated is its own root. So the task itself is tried first, which costs such a task nothing; for a delegated one a
 * sign of its own, a key that names its root, is read once in each process.
 */
export interface Trees {
  /** Runs something in the tree of a task. It answers null for a task that is not in the tree it was given. */
  readonly within: <T>(task: TaskId, run: (tree: string) => Promise<T | null>) => Promise<T | null>;
  /**
   * Puts up the sign of a task.
   * @returns the key of its tree; undefined if the task is in another tree already
   */
  readonly place: (task: TaskId, root: TaskId, lifetime: string) => Promise<string | undefined>;
}

export function redisTrees(
  connection: Connection,
  isIn: (tree: string, task: TaskId) => Promise<boolean>,
): Trees {
  const roots = new Map<string, string>();
  const remember = (task: TaskId, root: string): void => {
    const oldest = roots.keys().next();
    if (roots.size >= limit && oldest.done !== true) roots.delete(oldest.value);
    if (task !== root) roots.set(task, root);
  };
  const put = async (task: TaskId, root: TaskId, lifetime: string, stale: string): Promise<string> =>
    (await connection.evaluate(sign, [signOf(task)], [root, lifetime, stale])) as string;

  return {
    within: async (task, run) => {
      const tried = roots.get(task) ?? task;
      const answer = await run(treeOf(tried));
      if (answer !== null || tried !== task) return answer;
      const root = (await connection.send(signOf(task), ['GET', signOf(task)])) as string | null;
      if (root === null || root === task) return null;
      const found = await run(treeOf(root));
      if (found !== null) remember(task, root);
      return found;
    },
    place: async (task, root, lifetime) => {
      let stands = await put(task, root, lifetime, root);
      // The sign of an entry that was refused stays behind, and means nothing.
      if (stands !== root && !(await isIn(treeOf(stands), task)))
        stands = await put(task, root, lifetime, stands);
      if (stands !== root) return undefined;
      remember(task, root);
      return treeOf(root);
    },
  };
}

function treeOf(root: string): string {
  return `bartizan:tree:{${root}}`;
}

function signOf(task: TaskId): string {
  return `bartizan:root:{${task}}`;
}
