/** What the tests of the upstream leg share: orders with a real permit, and upstreams to send them to. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Call } from '../../src/model/call.ts';
import type { JsonDocument, JsonObject } from '../../src/model/json.ts';
import { isJsonObject } from '../../src/model/json.ts';
import type { Primitive } from '../../src/model/primitive.ts';
import { Refusal } from '../../src/model/refusal.ts';
import type { ServerId } from '../../src/model/server-id.ts';
import type { PrincipalKey } from '../../src/model/subject.ts';
import { authorize, type Permit } from '../../src/pipeline/authorize.ts';
import type { EraVerdict, EraVerdicts, RelayOrder, Scope } from '../../src/pipeline/ports.ts';
import {
  testArrival,
  testCall,
  testPorts,
  testServer,
  testSubject,
} from '../../src/testing/pipeline-ports.ts';
import { createUpstreams } from '../../src/transport/upstream/create-upstreams.ts';
import type { UpstreamLimits, UpstreamSettings } from '../../src/transport/upstream/settings.ts';
import { documentOf } from '../../src/wire/json/read.ts';

export const server: ServerId = testServer;

/** A permit as the authorize stage issues it under a policy that permits everything. */
async function permitFor(call: Call, primitive: Primitive): Promise<Permit> {
  const state = {
    arrival: testArrival(call),
    id: 'decision',
    instant: 0,
    startedUs: 0,
    subject: testSubject(),
    call,
    route: { kind: 'relay', primitive, requestState: undefined },
    listed: undefined,
  };
  const added = await authorize(testPorts(), () => true).run(state as never, new AbortController().signal);
  assert.ok(!(added instanceof Refusal));
  return added.permit;
}

export function scopeOf(
  principal = 'ada',
  headers: Record<string, string> = {},
  capabilities: JsonObject = {},
): Scope {
  const subject = testSubject({ principal: principal as PrincipalKey });
  return { principal: subject.principal, subject, credential: { headers }, capabilities };
}

export interface OrderChange {
  readonly principal?: string;
  readonly headers?: Record<string, string>;
  readonly capabilities?: JsonObject;
  readonly requestState?: string;
  readonly item?: JsonObject;
  readonly progressToken?: string | number;
  readonly call?: Partial<Call>;
  readonly notify?: (message: JsonDocument) => Promise<void>;
}

const versionKey = 'io.modelcontextprotocol/protocolVersion';
const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities';
const infoKey = 'io.modelcontextprotocol/clientInfo';

/** An order for a call of a modern client; what the upstream sends on the way is kept in `notified`. */
export async function orderOf(
  method: Call['method'],
  params: JsonObject,
  change: OrderChange = {},
): Promise<RelayOrder & { readonly notified: JsonObject[] }> {
  const capabilities = change.capabilities ?? {};
  const meta = {
    [versionKey]: '2026-07-28',
    [capabilitiesKey]: capabilities,
    [infoKey]: { name: 'test', version: '1' },
    ...(change.progressToken !== undefined && { progressToken: change.progressToken }),
  };
  const full = { ...params, _meta: { ...meta, ...(params['_meta'] as JsonObject) } };
  const { progressToken } = change;
  const client = {
    revision: '2026-07-28' as Call['client']['revision'],
    capabilities,
    info: meta[infoKey] as JsonObject,
    ...(progressToken !== undefined && { progressToken }),
  };
  const call = testCall(method, full, { client, ...change.call });
  const name = String(params['name'] ?? params['uri'] ?? '');
  const kind = method === 'tools/call' ? 'tool' : method === 'prompts/get' ? 'prompt' : 'resource';
  const primitive: Primitive = { server, kind, name };
  const notified: JsonObject[] = [];
  return {
    permit: await permitFor(call, primitive),
    call,
    primitive,
    listed: { primitive, item: change.item ?? { name } },
    requestState: change.requestState,
    scope: scopeOf(change.principal, change.headers, capabilities),
    notify: change.notify ?? (async ({ value }) => void notified.push(value)),
    notified,
  };
}

export const callTool = (
  name: string,
  args: JsonObject = {},
  change: OrderChange = {},
): ReturnType<typeof orderOf> => orderOf('tools/call', { name, arguments: args }, change);

export interface Leg extends ReturnType<typeof createUpstreams> {
  readonly verdicts: EraVerdicts & { readonly kept: Map<string, EraVerdict> };
  readonly logged: string[];
}

/** The upstream leg in front of one server. */
export function legTo(settings: Partial<UpstreamSettings>, limits: Partial<UpstreamLimits> = {}): Leg {
  const kept = new Map<string, EraVerdict>();
  const verdicts = {
    kept,
    recall: (of: string) => kept.get(of),
    remember: (of: string, verdict: EraVerdict) => void kept.set(of, verdict),
  };
  const logged: string[] = [];
  const full = {
    kind: 'http',
    transport: 'auto',
    era: 'auto',
    timeoutMs: 10_000,
    ...settings,
  } as UpstreamSettings;
  const leg = createUpstreams({
    servers: new Map([[server, full]]),
    verdicts,
    clock: { now: () => Date.now() },
    limits,
    info: { name: 'bartizan', version: 'test' },
    log: (_server, event, detail) => void logged.push(`${event}: ${detail}`),
  });
  return { ...leg, verdicts, logged };
}

export interface Endpoint {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** A node:http server on a free port. */
export async function listenOn(listener: RequestListener): Promise<Endpoint> {
  const http = createServer(listener);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

export interface Received {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly body: Buffer;
  readonly message: JsonObject;
}

/** A modern upstream: answers `server/discover`, and everything else as the script says. */
export async function scripted(
  script: (received: Received) => unknown,
): Promise<Endpoint & { readonly received: Received[] }> {
  const received: Received[] = [];
  const serve: RequestListener = (req, res) => void take(req, res);
  const take = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = await buffer(req);
    const parsed: unknown = body.length === 0 ? {} : JSON.parse(body.toString());
    const message = isJsonObject(parsed) ? parsed : {};
    if (message['method'] === 'server/discover') {
      return json(res, message, {
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        resultType: 'complete',
      });
    }
    const one = { req, res, body, message };
    received.push(one);
    await script(one);
  };
  const endpoint = await listenOn(serve);
  return { ...endpoint, received };
}

/** Answers with a JSON-RPC result. */
export function json(res: ServerResponse, request: JsonObject, result: JsonObject, status = 200): void {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(documentOf({ jsonrpc: '2.0', id: request['id'] ?? null, result }).bytes);
}

/** The project's conformance server as a process. */
export async function fixture(...args: string[]): Promise<Endpoint> {
  const file = fileURLToPath(new URL('../fixtures/conformance-server.ts', import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('listening ')) resolve(line.slice('listening '.length));
    });
    child.once('exit', (code) => reject(new Error(`the fixture ended with ${code}`)));
  });
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}

export const never: AbortSignal = new AbortController().signal;

/** The result of a complete reply. */
export function resultOf(reply: unknown): JsonObject {
  assert.ok(!(reply instanceof Refusal), reply instanceof Refusal ? `${reply.code}: ${reply.detail}` : '');
  const { document } = reply as { document: JsonDocument };
  const result = document.value['result'];
  assert.ok(isJsonObject(result), JSON.stringify(document.value));
  return result;
}

export function refusalOf(reply: unknown): Refusal {
  assert.ok(reply instanceof Refusal, JSON.stringify((reply as { document?: JsonDocument }).document?.value));
  return reply;
}
