import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  type ClientCapabilities,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { type Gateway, note, startGateway } from './gateway.ts';
import { answers, type ForeignClient, fullCapabilities, isolation, journey } from './journey.ts';

const limit = { timeout: 30_000 };
let gateway: Gateway;

before(async () => {
  gateway = await startGateway({ local: true, remote: true });
});

after(() => gateway.stop());

function http(): Transport {
  return httpAt(gateway.url, gateway.token) as Transport;
}

function httpAt(url: string, token: string): StreamableHTTPClientTransport {
  const requestInit = { headers: { Authorization: `Bearer ${token}` } };
  return new StreamableHTTPClientTransport(new URL(url), { requestInit });
}

/** As somebody else at the endpoint of one server. */
function httpAs(subject: string): StreamableHTTPClientTransport {
  const endpoint = gateway.urlOf('everything');
  return httpAt(endpoint, gateway.tokenFor(subject, endpoint));
}

function sse(): Transport {
  const headers = { Authorization: `Bearer ${gateway.token}` };
  return new SSEClientTransport(new URL(gateway.sseUrl), { requestInit: { headers } });
}

function stdio(): Transport {
  return new StdioClientTransport({ ...gateway.bridge, stderr: 'inherit' });
}

/** Connects a client whose user and model answer at once. */
async function connect(
  transport: Transport,
  capabilities: ClientCapabilities = { sampling: {}, elicitation: {} },
): Promise<ForeignClient> {
  const info = { name: 'client-v1', version: '1.0.0' };
  const client = new Client(info, { capabilities });
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    role: 'assistant',
    model: 'test',
    content: { type: 'text', text: answers.sampled },
  }));
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept',
    content: { name: answers.elicited },
  }));
  await client.connect(transport);
  return {
    listTools: () => client.listTools(),
    listResources: () => client.listResources(),
    listResourceTemplates: () => client.listResourceTemplates(),
    listPrompts: () => client.listPrompts(),
    readResource: (params) => client.readResource(params),
    getPrompt: (params) => client.getPrompt(params),
    complete: (params) => client.complete(params),
    callTool: (name, args, options) => client.callTool({ name, arguments: args }, undefined, options),
    close: () => client.close(),
  };
}

const ways = [
  { name: 'Streamable HTTP', transport: http, server: 'everything' },
  { name: 'HTTP+SSE', transport: sse, server: 'everything' },
  { name: 'the stdio bridge', transport: stdio, server: 'everything' },
  { name: 'Streamable HTTP, before a server over Streamable HTTP', transport: http, server: 'remote' },
];

for (const { name, transport, server } of ways) {
  test(`the official client v1 works through ${name}`, limit, async (t) => {
    const client = await connect(transport());
    t.after(client.close);
    await journey(t, client, server);
  });
}

test('the official client v1 uses the filesystem and memory servers beside each other', limit, async (t) => {
  const client = await connect(http());
  t.after(client.close);
  const path = join(gateway.workspace, 'note.txt');
  const read = await client.callTool('files__read_text_file', { path });
  assert.match(JSON.stringify(read), new RegExp(note));
  const entity = { name: 'Ada', entityType: 'person', observations: ['writes programs'] };
  await client.callTool('memory__create_entities', { entities: [entity] });
  assert.match(JSON.stringify(await client.callTool('memory__read_graph', {})), /writes programs/);
});

test('what one principal did in a server is not there for another', limit, async (t) => {
  const connected = ['ada', 'bob'].map((subject) => connect(httpAs(subject) as Transport, fullCapabilities));
  const [ada, bob] = await Promise.all(connected);
  assert.ok(ada && bob);
  t.after(() => Promise.all([ada.close(), bob.close()]));
  await isolation(ada, bob);
});

test('a session of one principal does not exist for another', limit, async (t) => {
  const transport = httpAs('ada');
  const ada = await connect(transport as Transport);
  t.after(ada.close);
  const { sessionId } = transport;
  assert.ok(sessionId !== undefined && sessionId.length >= 32);
  const endpoint = gateway.urlOf('everything');
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${gateway.tokenFor('bob', endpoint)}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-session-id': sessionId,
      'mcp-protocol-version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  });
  assert.equal(response.status, 404);
  assert.ok((await ada.listTools()).tools.length > 0);
});
