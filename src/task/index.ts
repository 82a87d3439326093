/**
 * For agents: an identity of its own for every task. Open a task, give its `fetch` to an MCP client, end it. Runs wherever
 * there are `fetch` and WebCrypto.
 */

export type { ClientAuthentication } from './client-authentication.ts';
export type { ProofAnswer } from './dpop.ts';
export type { Key, SigningKey } from './jws.ts';
export { openTask, type TaskOrder } from './open-task.ts';
export { type GrantedTask, type RequestAuthorization, resumeTask, type Task } from './task.ts';
export { TaskError } from './task-error.ts';
