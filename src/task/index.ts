/**
 * For agents: an identity of its own for every task. Open a task, give its `fetch` to an MCP client, end it. Runs wherever
 * there are `fetch` and WebCrypto.
 */

export type { ClientAuthentication } from './client-authentication.ts';
export { openTask, type Task, type TaskOrder } from './open-task.ts';
export { TaskError } from './task-error.ts';
