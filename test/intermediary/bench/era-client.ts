import type { JsonObject } from '../../../src/model/json.ts';
import { objectMember } from '../../../src/model/json.ts';
import type { BenchGateway } from './gateway.ts';
import { exchange, type Open, open, type ServerEvent } from './http.ts';
import { modernClient } from './modern-client.ts';

/** What came back for one request of a client of any era. */
export interface Turn {
  /** The response. */
  readonly response: JsonObject;
  readonly notifications: readonly JsonObject[];
}

/** A client of any era that answers elicitations with the name `Ada`. */
export interface EraClient {
  readonly request: (method: string, params?: JsonObject) => Promise<Turn>;
  readonly close: () => void;
}

/** Where and as whom a client connects. */
export interface Approach {
  /** `/mcp` or `/mcp/<server>`; for HTTP+SSE, `/sse` or `/sse/<server>`. */
  readonly path: string;
  readonly token: string;
}

/** The revisions a client can speak, newest first; the last goes over HTTP+SSE. */
export const clientEras: readonly string[] = [
  '2026-07-28',
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
];

const capabilities: JsonObject = { elicitation: {} };
const consent: JsonObject = { action: 'accept', content: { name: 'Ada' } };

/** Connects a client of a revision. */
export function connectEra(gateway: BenchGateway, revision: string, approach: Approach): Promise<EraClient> {
  if (revision === '2026-07-28') return connectModern(gateway, approach);
  return revision === '2024-11-05'
    ? connectSse(gateway, approach)
    : connectSession(gateway, revision, approach);
}

async function connectModern(gateway: BenchGateway, { path, token }: Approach): Promise<EraClient> {
  const client = await modernClient(gateway, { path, token, capabilities });
  const request = async (method: string, params: JsonObject = {}, rounds = 3): Promise<Turn> => {
    const meta = objectMember(params, '_meta') ?? {};
    const { messages, message } = await client.send(method, params, { meta });
    const result = objectMember(message, 'result');
    const asks = objectMember(result, 'inputRequests');
    if (asks === undefined || rounds === 0)
      return { response: message, notifications: messages.slice(0, -1) };
    const inputResponses = Object.fromEntries(Object.keys(asks).map((name) => [name, consent]));
    const requestState = result?.['requestState'];
    return request(
      method,
      { ...params, inputResponses, ...(requestState !== undefined && { requestState }) },
      rounds - 1,
    );
  };
  return { request: (method, params) => request(method, params), close: () => undefined };
}

/** A client with a session over Streamable HTTP. */
export interface SessionClient extends EraClient {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Posts one message and reads the answer to its end. */
  readonly post: (message: JsonObject | readonly JsonObject[]) => Promise<Open>;
}

/** Begins a session of 2025-03-26, 2025-06-18 or 2025-11-25. */
export async function connectSession(
  gateway: BenchGateway,
  revision: string,
  { path, token }: Approach,
): Promise<SessionClient> {
  const base = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const body = JSON.stringify(initialize(revision));
  const first = await exchange(gateway.port, { path, headers: base, body });
  const id = String(first.headers['mcp-session-id'] ?? '');
  if (id === '') throw new Error(`no session: ${first.status} ${first.text}`);
  const headers = {
    ...base,
    'mcp-session-id': id,
    // The header came with 2025-06-18.
    ...(revision > '2025-03-26' && { 'mcp-protocol-version': revision }),
  };
  const post: SessionClient['post'] = (message) =>
    open(gateway.port, { path, headers, body: JSON.stringify(message) });
  const tell = async (message: JsonObject): Promise<void> => {
    (await post(message)).response.resume();
  };
  await tell({ jsonrpc: '2.0', method: 'notifications/initialized' });
  let last = 0;
  return {
    id,
    headers,
    post,
    request: async (method, params = {}) => {
      const sent = { jsonrpc: '2.0', id: ++last, method, params };
      return readTurn(await incoming(await post(sent)), last, tell);
    },
    close: () => undefined,
  };
}

function initialize(protocolVersion: string): JsonObject {
  const clientInfo = { name: 'scripted', version: '1' };
  return {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion, capabilities, clientInfo },
  };
}

/** The messages of an answer, JSON or stream, one after the other. */
async function incoming(answer: Open): Promise<() => Promise<JsonObject | undefined>> {
  if ((answer.response.headers['content-type'] ?? '').startsWith('text/event-stream')) return answer.next;
  let text = '';
  for await (const chunk of answer.response) text += String(chunk);
  const messages = [JSON.parse(text) as JsonObject];
  return async () => messages.shift();
}

/** Reads until the response with an id; requests of the server are answered on the way. */
async function readTurn(
  next: () => Promise<JsonObject | undefined>,
  id: number,
  tell: (message: JsonObject) => Promise<void>,
): Promise<Turn> {
  const notifications: JsonObject[] = [];
  for (;;) {
    const message = await next();
    if (message === undefined) throw new Error(`the answer to ${id} never came`);
    if (message['method'] === undefined && message['id'] === id) return { response: message, notifications };
    if (message['id'] === undefined) notifications.push(message);
    else if (message['method'] === 'elicitation/create')
      await tell({ jsonrpc: '2.0', id: message['id'], result: consent });
  }
}

/** A client of HTTP+SSE. */
export interface SseClient extends EraClient {
  /** The path of its messages, with the session in it. */
  readonly messages: string;
  readonly stream: Open;
}

/** Begins a session of 2024-11-05 over HTTP+SSE. */
export async function connectSse(gateway: BenchGateway, { path, token }: Approach): Promise<SseClient> {
  const headers = { authorization: `Bearer ${token}` };
  const ssePath = path.replace(/^\/mcp/, '/sse');
  const stream = await open(gateway.port, {
    method: 'GET',
    path: ssePath,
    headers: { ...headers, accept: 'text/event-stream' },
  });
  const endpoint: ServerEvent | undefined = await stream.nextEvent();
  if (endpoint?.type !== 'endpoint') throw new Error(`no endpoint: ${stream.response.statusCode}`);
  const tell = async (message: JsonObject): Promise<void> => {
    const json = { ...headers, 'content-type': 'application/json' };
    const { status, text } = await exchange(gateway.port, {
      path: endpoint.text,
      headers: json,
      body: JSON.stringify(message),
    });
    if (status !== 202) throw new Error(`${status} ${text}`);
  };
  let last = 0;
  const request = async (method: string, params: JsonObject = {}): Promise<Turn> => {
    const id = ++last;
    await tell({ jsonrpc: '2.0', id, method, params });
    return readTurn(stream.next, id, tell);
  };
  await request('initialize', objectMember(initialize('2024-11-05'), 'params'));
  await tell({ jsonrpc: '2.0', method: 'notifications/initialized' });
  return { request, messages: endpoint.text, stream, close: stream.drop };
}
