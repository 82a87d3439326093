/** How long a task, and the epoch of one that has ended, is known after its deadline, in milliseconds. */
export const taskKeptMs: number = 3_600_000;
