import type { Branded } from './brand.ts';
import type { JsonValue } from './json.ts';

/** Names one task: the `txn` claim of its token (RFC 8417 section 2.2). It identifies, and never authenticates anyone. */
export type TaskId = Branded<'TaskId'>;

/**
 * One assignment of one agent for one user: a purpose, the least permission for it, a budget and an end. It is what an
 * access token of the authorization server says in `authorization_details` (RFC 9396) of type `mcp_task`.
 */
export interface Task {
  readonly id: TaskId;
  /** The tasks it was delegated from, the first one first. They end it when they end, and their budgets are charged too. */
  readonly ancestors: readonly TaskId[];
  readonly purpose?: string;
  /** A call must be covered by one of them. */
  readonly permissions: readonly TaskPermission[];
  readonly budget: TaskBudget;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
  /** Made by the gateway for a token that names no task, after the template that the operator allows. */
  readonly implicit?: true;
}

/** What a task may do. */
export interface TaskPermission {
  /** Actions, such as `github:create_pr` or `github:resources/read`. A name may end with `*`, which stands for any rest. */
  readonly actions: readonly string[];
  /**
   * The definition that a tool had when the task was granted, by action: `sha-256:` and the base64url digest. A tool
   * whose definition has changed since is not covered.
   */
  readonly digests?: Readonly<Record<string, string>>;
  /**
   * The values that are allowed, by place: `args.<member>[.<member>]` for an argument, `resource.tags.<tag>`,
   * `resource.id`. A place that is missing in the call is not covered.
   */
  readonly constraints?: Readonly<Record<string, readonly JsonValue[]>>;
}

/** How much a task may do. What is undefined has no limit. */
export interface TaskBudget {
  readonly calls?: number;
  /** Arguments, answers and messages on the way, in bytes. */
  readonly bytes?: number;
}

/** The `type` of the authorization details of a task (RFC 9396 section 2). */
export const taskType = 'mcp_task';
