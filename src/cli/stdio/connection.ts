import * as http from 'node:http';
import * as https from 'node:https';
import type { Target } from './target.ts';

/** One HTTP request to the gateway. */
interface Sending {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

/** Connections to the gateway, kept alive between messages. */
export interface Connection {
  /** Resolves when the head of the response is there; rejects when there is none. */
  readonly send: (sending: Sending) => Promise<http.IncomingMessage>;
  readonly close: () => void;
}

/**
 * Idle connections are closed a second before the time that the gateway announces, but only an agent with a time of
 * its own looks at the announcement; it does not touch a request that is running.
 */
const kept = { keepAlive: true, timeout: 60_000, agentKeepAliveTimeoutBuffer: 1_000 };

/** Faults of a connection that was never made: the gateway cannot have seen the message. */
const neverConnected: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH']);

/**
 * Connects to wherever `find` says. When the gateway refuses the token or is not there, `find` is asked once more,
 * because a gateway that was started anew has another token and perhaps another port.
 */
export function connect(first: Target, find: () => Promise<Target>): Connection {
  const agents = { http: new http.Agent(kept), https: new https.Agent(kept) };
  let target = first;
  const attempt = async (sending: Sending): Promise<http.IncomingMessage> => {
    const { url, task } = target;
    const response = await exchange(agents, target, sending);
    const nonce = response.headers['dpop-nonce']?.toString() ?? null;
    if (task?.learn(url.href, { status: response.statusCode ?? 0, nonce }) !== true) return response;
    response.resume();
    return exchange(agents, target, sending);
  };
  const send = async (sending: Sending): Promise<http.IncomingMessage> => {
    const outcome = await attempt(sending).catch((error: NodeJS.ErrnoException) => error);
    if (!mayBeElsewhere(outcome)) return settled(outcome);
    const found = await find().catch(() => target);
    if (found.url.href === target.url.href && found.token === target.token) return settled(outcome);
    target = found;
    if (!(outcome instanceof Error)) outcome.resume();
    return attempt(sending);
  };
  return {
    send,
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function mayBeElsewhere(outcome: http.IncomingMessage | NodeJS.ErrnoException): boolean {
  return outcome instanceof Error ? neverConnected.has(outcome.code ?? '') : outcome.statusCode === 401;
}

function settled(outcome: http.IncomingMessage | Error): http.IncomingMessage {
  if (outcome instanceof Error) throw outcome;
  return outcome;
}

interface Agents {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

async function exchange(agents: Agents, target: Target, sending: Sending): Promise<http.IncomingMessage> {
  const secure = target.url.protocol === 'https:';
  const options: http.RequestOptions = {
    method: sending.method,
    agent: secure ? agents.https : agents.http,
    signal: sending.signal,
    headers: { ...headersOf(sending), ...(await authorizationOf(target, sending)) },
  };
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request(target.url, options, resolve);
    // Never sent again: the gateway may have acted on it before the connection broke.
    request.on('error', reject);
    request.end(sending.body);
  });
}

function headersOf({ headers, body }: Sending): http.OutgoingHttpHeaders {
  return {
    ...headers,
    ...(body !== undefined && { 'Content-Type': 'application/json', 'Content-Length': body.length }),
  };
}

async function authorizationOf(
  { url, token, task }: Target,
  { method }: Sending,
): Promise<http.OutgoingHttpHeaders> {
  if (task !== undefined) return { ...(await task.headers(method, url.href)) };
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}
