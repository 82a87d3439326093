import { createProver, type ProofAnswer, type Prover } from './dpop.ts';
import type { SigningKey } from './jws.ts';
import { TaskError } from './task-error.ts';
import { authorizationHeaders, taskFetch } from './task-fetch.ts';

/** A running task: an identity that lives as long as the work does. */
export interface Task {
  /** Names the task in the audit log and to `bartizan task`. It is no secret. */
  readonly id: string;
  /** When it ends by itself, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** What was granted: the `authorization_details` of RFC 9396. */
  readonly granted: readonly Readonly<Record<string, unknown>>[];
  /** The access token, to delegate a part of the task to a sub-agent. Without the key it is of no use to anyone. */
  readonly token: string;
  /** A `fetch` whose requests carry the token and a proof of its key (RFC 9449). Give it to an MCP client. */
  readonly fetch: typeof fetch;
  /** For clients that have no use for `fetch`: the headers of one request, and what its answer says of nonces. */
  readonly authorization: RequestAuthorization;
  /** Ends the task at the gateway, and everything delegated from it. Ending it twice does no harm. */
  readonly end: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** Authorizes requests that are made in another way than by `fetch`. */
export interface RequestAuthorization {
  /** The `Authorization` and `DPoP` headers for one request. They are good for that request alone. */
  readonly headers: (
    method: string,
    url: string,
  ) => Promise<Readonly<Record<'authorization' | 'dpop', string>>>;
  /** Takes the nonce of an answer; true if the request must be repeated with new headers (RFC 9449 section 9). */
  readonly learn: (url: string, answer: ProofAnswer) => boolean;
}

/** What is kept of a task that was granted. */
export interface GrantedTask {
  readonly resource: string;
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly granted: readonly Readonly<Record<string, unknown>>[];
}

/** Goes on with a task that was granted before, by its token and the key it is bound to. */
export function resumeTask(granted: GrantedTask, key: SigningKey, send: typeof fetch = fetch): Task {
  return taskOf(granted, createProver(key), send);
}

/** A task around its token. */
export function taskOf(grant: GrantedTask, prover: Prover, send: typeof fetch): Task {
  const { resource, token, expiresAt, granted } = grant;
  const id = taskIdOf(token);
  const authorized = taskFetch(token, prover, send);
  const end = async (): Promise<void> => {
    const response = await authorized(`${new URL(resource).origin}/tasks/${id}`, { method: 'DELETE' });
    await response.body?.cancel();
    // 401: the token no longer counts, which is what was wanted.
    if (!response.ok && response.status !== 401 && response.status !== 404) {
      const advice = 'the task ends by itself in time';
      throw new TaskError('end_failed', `the gateway answered ${response.status}; ${advice}`);
    }
  };
  return {
    id,
    expiresAt,
    granted,
    token,
    fetch: authorized,
    authorization: {
      headers: (method, url) => authorizationHeaders(token, prover, method, url),
      learn: prover.learn,
    },
    end,
    [Symbol.asyncDispose]: end,
  };
}

/** The `txn` claim of a token that came straight from its issuer; nothing is decided by it. */
function taskIdOf(token: string): string {
  const payload = token.split('.')[1] ?? '';
  const claims = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as {
    readonly txn?: unknown;
  };
  return String(claims.txn ?? '');
}
