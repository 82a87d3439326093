import { authenticationParameters, type ClientAuthentication } from './client-authentication.ts';
import { discover } from './discover.ts';
import { createProver, type Prover, proofAnswer } from './dpop.ts';
import { freshKey, type SigningKey } from './jws.ts';
import { type Task, taskOf } from './task.ts';
import { TaskError } from './task-error.ts';

/** What a task is opened for. */
export interface TaskOrder {
  /** The MCP endpoint, such as `https://gateway.example/mcp/github`: the resource of the token (RFC 8707 section 2). */
  readonly resource: string;
  /** The user's access token: whose rights the task is a part of. For a sub-agent the token of the parent task. */
  readonly subjectToken: string;
  /** The agent: its client id, or its SPIFFE ID. */
  readonly agent: string;
  /** Default: none, for a public client or one that is known by its certificate. */
  readonly authentication?: ClientAuthentication;
  /** A template of the gateway. Without it and without `actions` the one named `default`. */
  readonly template?: string;
  /** What the task may do, such as `github:create_pr`; a name may end with `*`. */
  readonly actions?: readonly string[];
  /** Allowed values by place: `{ 'args.base': ['main'] }`. */
  readonly constraints?: Readonly<Record<string, readonly unknown[]>>;
  readonly purpose?: string;
  /** How many calls it may make. */
  readonly calls?: number;
  /** How many bytes of arguments and answers it may move. */
  readonly bytes?: number;
  /** How long it lives at most, in seconds. */
  readonly seconds?: number;
  /** Default: a fresh one, which never leaves this process. */
  readonly key?: SigningKey;
  /** Default: the platform's `fetch`. */
  readonly fetch?: typeof fetch;
}

/**
 * Opens a task (RFC 8693) bound to a key of its own.
 *
 * @throws {TaskError} with the code of the token endpoint when the task is not granted
 */
export async function openTask(order: TaskOrder): Promise<Task> {
  const send = order.fetch ?? fetch;
  const source = await discover(order.resource, send);
  const prover = createProver(order.key ?? (await freshKey()));
  const authentication = order.authentication ?? { method: 'none' };
  const form = async (): Promise<URLSearchParams> =>
    new URLSearchParams({
      ...exchangeParameters(order),
      ...(await authenticationParameters(order.agent, authentication, source.issuer)),
    });
  const answer = await exchange(source.tokenEndpoint, form, prover, send);
  const { access_token: token, expires_in: seconds, authorization_details: granted = [] } = answer;
  const expiresAt = Date.now() + seconds * 1000;
  return taskOf({ resource: order.resource, token, expiresAt, granted }, prover, send);
}

function exchangeParameters(order: TaskOrder): Readonly<Record<string, string>> {
  const { template, resource, subjectToken } = order;
  const details = detailsOf(order);
  return {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    resource,
    ...(template !== undefined && { template }),
    ...(details !== undefined && { authorization_details: JSON.stringify([details]) }),
  };
}

/** What is asked for, beside a template; undefined when nothing is. */
function detailsOf(order: TaskOrder): Readonly<Record<string, unknown>> | undefined {
  const { constraints, purpose, calls, bytes, seconds } = order;
  const limits = [constraints, purpose, calls, bytes, seconds].some((limit) => limit !== undefined);
  // Limits alone are meant for all that the template allows; the gateway cuts the rest off.
  const actions = order.actions ?? (limits ? ['*'] : undefined);
  const wishes = {
    ...(actions && { actions }),
    ...(constraints && { constraints }),
    ...(purpose !== undefined && { purpose }),
    ...(calls !== undefined && { max_calls: calls }),
    ...(bytes !== undefined && { max_bytes: bytes }),
    ...(seconds !== undefined && { not_after: Math.floor(Date.now() / 1000) + seconds }),
  };
  return Object.keys(wishes).length === 0 ? undefined : { type: 'mcp_task', ...wishes };
}

interface TokenAnswer {
  readonly access_token: string;
  readonly expires_in: number;
  readonly authorization_details?: readonly Readonly<Record<string, unknown>>[];
}

async function bodyOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  return (await response.json().catch(() => ({}))) as Readonly<Record<string, unknown>>;
}

/** A proof is good for one request and so is an assertion, so both are made anew for the repetition with a nonce. */
async function exchange(
  url: string,
  form: () => Promise<URLSearchParams>,
  prover: Prover,
  send: typeof fetch,
): Promise<TokenAnswer> {
  const attempt = async (): Promise<Response> =>
    send(url, {
      method: 'POST',
      headers: { accept: 'application/json', dpop: await prover.prove('POST', url) },
      body: await form(),
      redirect: 'error',
    });
  let response = await attempt();
  let body = await bodyOf(response);
  const isNew = prover.learn(url, proofAnswer(response));
  // Any answer may bring a nonce (RFC 9449 section 8.2); only this one asks for the request again.
  if (isNew && body['error'] === 'use_dpop_nonce') {
    response = await attempt();
    body = await bodyOf(response);
  }
  if (response.ok && typeof body['access_token'] === 'string') return body as unknown as TokenAnswer;
  throw new TaskError(
    String(body['error'] ?? 'server_error'),
    String(body['error_description'] ?? `the token endpoint answered ${response.status}`),
  );
}
