import type { Call, Reply } from '../model/call.ts';
import type { JsonDocument, JsonObject } from '../model/json.ts';
import type { Listed } from '../model/primitive.ts';
import type { AuditRecord } from '../model/record.ts';
import { parseServerId, type ServerId } from '../model/server-id.ts';
import { principalKey, type Subject } from '../model/subject.ts';
import type { Arrival, Ports } from '../pipeline/ports.ts';

/** A subject for tests: user `ada`, agent `test-agent`, on a managed device. */
export function testSubject(change: Partial<Subject> = {}): Subject {
  const user = {
    issuer: 'https://idp.example',
    subject: 'ada',
    roles: ['developer'],
    groups: [],
    claims: {},
  };
  const agent = { id: 'test-agent' };
  return {
    user,
    agent,
    device: { managed: true },
    scopes: [],
    expiresAt: Number.MAX_SAFE_INTEGER,
    issuedAt: 0,
    principal: principalKey(user, agent),
    ...change,
  };
}

/** The server that the scripted ports know. */
export const testServer: ServerId = parseServerId('files') as ServerId;

/** A call on the virtual server of {@link testServer}. */
export function testCall(method: Call['method'], params: JsonObject, change: Partial<Call> = {}): Call {
  const target = params['name'] ?? params['uri'];
  return {
    id: 7,
    method,
    endpoint: { kind: 'server', server: testServer },
    target: typeof target === 'string' ? target : undefined,
    params,
    document: written({ jsonrpc: '2.0', id: 7, method, params }),
    client: { revision: '2026-07-28' as Call['client']['revision'], capabilities: {} },
    trace: { traceId: '0'.repeat(32) },
    mirrors: new Map(),
    ...change,
  };
}

/** An arrival that carries a call and keeps what is sent on the way back. */
export function testArrival(
  call: Call,
  change: Partial<Arrival> = {},
): Arrival & { readonly sent: JsonObject[] } {
  const sent: JsonObject[] = [];
  return {
    endpoint: call.endpoint,
    credentials: {
      authorization: 'Bearer test',
      resource: 'http://127.0.0.1/mcp/files',
      metadataUrl: 'http://127.0.0.1/.well-known/oauth-protected-resource/mcp/files',
      header: () => undefined,
      peer: '127.0.0.1',
      method: 'POST',
      url: 'http://127.0.0.1/mcp/files',
    },
    decode: () => call,
    agrees: () => undefined,
    channel: { send: async ({ value }) => void sent.push(value) },
    sent,
    ...change,
  };
}

/** Ports that permit everything and answer every call with `{ content: [] }`; each test changes what it is about. */
export function testPorts(change: Partial<Ports> = {}): Ports & { readonly records: AuditRecord[] } {
  const records: AuditRecord[] = [];
  const listed = (name: string): Listed => ({
    primitive: { server: testServer, kind: 'tool', name },
    item: { name },
  });
  let ids = 0;
  return {
    clock: { now: () => 1_800_000_000_000, microseconds: () => 0, uuid: () => `decision-${++ids}` },
    identity: { identify: () => testSubject() },
    tasks: { begin: () => ({ ended: new AbortController().signal }), charge: () => undefined },
    catalog: {
      list: () => [listed('read'), listed('write')],
      find: ({ name }, _subject, accept) => {
        const found = ['read', 'write'].includes(name) ? listed(name) : undefined;
        return found !== undefined && accept(found) ? found : undefined;
      },
      describe: () => ({ capabilities: { tools: { listChanged: true } } }),
    },
    policy: {
      decide: () => ({ effect: 'permit', policies: ['test'], errors: [] }),
      couldPermit: () => true,
    },
    tagger: {
      resource: (primitive) => ({ primitive, id: `${primitive.server}:${primitive.name}`, tags: {} }),
    },
    guard: { call: () => [], message: () => ({ findings: [] }), description: () => [] },
    broker: { credential: () => ({ headers: {} }) },
    upstreams: {
      relay: async ({ call }) => testReply(call, { resultType: 'complete', content: [] }),
      listen: async ({ ready }) => ready(),
    },
    journal: { append: async (record) => void records.push(record) },
    seal: {
      wrap: (text, binding) => `${binding}\n${text}`,
      unwrap: (sealed, binding) =>
        sealed.startsWith(`${binding}\n`) ? sealed.slice(binding.length + 1) : undefined,
    },
    front: {
      servers: (endpoint) =>
        endpoint.kind === 'server' && endpoint.server !== testServer ? undefined : [testServer],
      revisions: ['2026-07-28'],
      info: { name: 'bartizan', version: 'test' },
      replaced: new AbortController().signal,
    },
    records,
    ...change,
  };
}

/** An upstream's answer to a call. */
export function testReply(call: Call, result: JsonObject): Reply {
  const kind = result['resultType'] === 'input_required' ? 'input_required' : 'complete';
  return { kind, document: written({ jsonrpc: '2.0', id: call.id, result }) };
}

/** A denial by policy, as an engine gives it. */
export const denyAll: Ports['policy'] = {
  decide: () => ({ effect: 'deny', policies: [], errors: [] }),
  couldPermit: () => true,
};

/** The document that writes a value. */
export function written(value: JsonObject): JsonDocument {
  return { value, bytes: new TextEncoder().encode(JSON.stringify(value)) };
}
