import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import type { JsonObject } from '../../src/model/json.ts';
import { type ListeningFront, listeningFront, type Script } from './listening-front.ts';

/** A server with one tool, which reports progress, asks its user once and says what it was told. */
const server: Script = async ({ method, id, client, params }, { notify, signal }) => {
  const hints = { ttlMs: 0, cacheScope: 'private' };
  switch (method) {
    case 'server/discover':
      return {
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: { listChanged: true }, logging: {} },
        ...hints,
      };
    case 'tools/list':
      return { tools: [{ name: 'ask', inputSchema: { type: 'object' } }], ...hints };
    case 'subscriptions/listen': {
      const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
      const acknowledged = { notifications: { toolsListChanged: true }, _meta };
      await notify({
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: acknowledged,
      });
      await notify({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta } });
      await once(signal, 'abort');
      return {};
    }
    case 'tools/call': {
      const { progressToken } = client;
      if (progressToken !== undefined) {
        await notify({
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: { progressToken, progress: 1 },
        });
      }
      const told = params['inputResponses'];
      return told === undefined ? question : { content: [{ type: 'text', text: JSON.stringify(told) }] };
    }
    default:
      return {};
  }
};

const requestedSchema = { type: 'object', properties: { ok: { type: 'boolean' } } };
const question: JsonObject = {
  resultType: 'input_required',
  inputRequests: {
    q: { method: 'elicitation/create', params: { mode: 'form', message: 'sure?', requestedSchema } },
  },
  requestState: 's',
};
const answered = [{ type: 'text', text: '{"q":{"action":"accept","content":{"ok":true}}}' }];
const requestInit = { headers: { authorization: 'Bearer ann' } };

const transports: readonly (readonly [name: string, of: (front: ListeningFront) => unknown])[] = [
  ['Streamable HTTP', ({ url }) => new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit })],
  ['HTTP+SSE', ({ url }) => new SSEClientTransport(new URL(`${url}/sse`), { requestInit })],
];

for (const [name, transportOf] of transports) {
  test(`serves the official SDK v1 over ${name}: lists, progress, a question, a change, a level, a ping`, async (t) => {
    const front = await listeningFront(t, server);
    const client = new Client({ name: 'v1', version: '1' }, { capabilities: { elicitation: {} } });
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { ok: true } }));
    const changed = Promise.withResolvers<void>();
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => changed.resolve());
    await client.connect(transportOf(front) as Transport);
    assert.deepEqual(client.getServerVersion(), { name: 'bartizan', version: '0.0.0' });
    assert.deepEqual(
      (await client.listTools()).tools.map((tool) => tool.name),
      ['ask'],
    );
    let progress = 0;
    const onprogress = (): void => {
      progress += 1;
    };
    const result = await client.callTool({ name: 'ask', arguments: {} }, undefined, { onprogress });
    assert.deepEqual(result['content'], answered);
    assert.ok(progress > 0);
    await changed.promise;
    await client.setLoggingLevel('info');
    await client.ping();
    await client.close();
  });
}

for (const [mode, agreed] of [
  ['auto', '2026-07-28'],
  ['legacy', '2025-11-25'],
] as const) {
  test(`serves the official SDK v2 in its ${mode} mode with ${agreed}`, async (t) => {
    const front = await listeningFront(t, server);
    const client = new ModernClient(
      { name: 'v2', version: '1' },
      { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
    );
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { ok: true } }));
    await client.connect(new ModernTransport(new URL(`${front.url}/mcp`), { requestInit }));
    assert.equal(client.getNegotiatedProtocolVersion(), agreed);
    assert.deepEqual(
      (await client.listTools()).tools.map((tool) => tool.name),
      ['ask'],
    );
    assert.deepEqual((await client.callTool({ name: 'ask', arguments: {} })).content, answered);
    await client.close();
  });
}
