import type { JsonObject } from '../../../src/model/json.ts';
import type { BenchGateway } from './gateway.ts';
import { type Answered, begin, exchange, type Open, open, type Sent } from './http.ts';

/** A client of 2026-07-28 that can also be wrong on purpose. */
export interface ModernClient {
  /** Sends a request with the headers that mirror it; `change` replaces headers, or removes them with undefined. */
  readonly send: (method: string, params?: JsonObject, change?: Change) => Promise<Answered>;
  /** The same, for answers that are read piece by piece. */
  readonly open: (method: string, params?: JsonObject, change?: Change) => Promise<Open>;
  /** Sends a request and waits for nothing; `drop` goes away. */
  readonly begin: (method: string, params?: JsonObject, change?: Change) => { readonly drop: () => void };
  /** Sends these very bytes, with the headers of a request for this method and name. */
  readonly bytes: (
    body: string | Uint8Array,
    method: string,
    name?: string,
    change?: Change,
  ) => Promise<Answered>;
  readonly token: string;
}

/** How a request differs from the usual one. */
export interface Change {
  readonly headers?: NonNullable<Sent['headers']>;
  readonly meta?: JsonObject;
  readonly id?: string | number;
  readonly path?: string;
}

/** How a client introduces itself. */
export interface ClientOptions {
  /** Default `/mcp`, the aggregate endpoint. */
  readonly path?: string;
  readonly token?: string;
  readonly capabilities?: JsonObject;
}

const version = '2026-07-28';
export const versionKey = 'io.modelcontextprotocol/protocolVersion';
const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities';
const clientInfoKey = 'io.modelcontextprotocol/clientInfo';
export const decisionKey = 'dev.bartizan/decision';

/** The `_meta` of a complete request: everything an upstream needs, so that a gateway has nothing to add. */
export function metaOf(capabilities: JsonObject = {}): JsonObject {
  return {
    [versionKey]: version,
    [capabilitiesKey]: capabilities,
    [clientInfoKey]: { name: 'scripted', version: '1' },
  };
}

/** Makes a client of a gateway. */
export async function modernClient(
  gateway: Pick<BenchGateway, 'port' | 'token'>,
  options: ClientOptions = {},
): Promise<ModernClient> {
  const token = options.token ?? (await gateway.token());
  const { path = '/mcp', capabilities = {} } = options;
  let last = 0;
  const bytesSent = (
    body: string | Uint8Array,
    method: string,
    name?: string,
    change: Change = {},
  ): Sent => ({
    path: change.path ?? path,
    headers: { ...mirrored(method, name), authorization: `Bearer ${token}`, ...change.headers },
    body,
  });
  const sent = (method: string, params: JsonObject = {}, change: Change = {}): Sent => {
    const id = change.id ?? ++last;
    const _meta = { ...metaOf(capabilities), ...change.meta };
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta } });
    return bytesSent(body, method, nameOf(method, params), change);
  };
  return {
    token,
    send: (...order) => exchange(gateway.port, sent(...order)),
    begin: (...order) => begin(gateway.port, sent(...order)),
    open: (...order) => open(gateway.port, sent(...order)),
    bytes: (...order) => exchange(gateway.port, bytesSent(...order)),
  };
}

/** The headers that mirror a request (streamable-http, "Request Metadata"). */
export function mirrored(method: string, name?: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': version,
    'mcp-method': method,
    ...(name !== undefined && { 'mcp-name': name }),
  };
}

function nameOf(method: string, params: JsonObject): string | undefined {
  const named = method === 'resources/read' ? params['uri'] : params['name'];
  return ['tools/call', 'resources/read', 'prompts/get'].includes(method) && typeof named === 'string'
    ? named
    : undefined;
}
