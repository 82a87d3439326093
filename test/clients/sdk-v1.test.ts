import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CreateMessageRequestSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { type Gateway, note, startGateway } from './gateway.ts';
import { answers, type ForeignClient, journey } from './journey.ts';

const limit = { timeout: 30_000 };
let gateway: Gateway;

before(async () => {
  gateway = await startGateway({ local: true, remote: true });
});

after(() => gateway.stop());

function http(token: string = gateway.token): Transport {
  const requestInit = { headers: { Authorization: `Bearer ${token}` } };
  return new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit }) as Transport;
}

function sse(): Transport {
  const headers = { Authorization: `Bearer ${gateway.token}` };
  return new SSEClientTransport(new URL(gateway.sseUrl), { requestInit: { headers } });
}

function stdio(): Transport {
  return new StdioClientTransport({ ...gateway.bridge, stderr: 'inherit' });
}

/** Connects a client whose user and model answer at once. */
async function connect(transport: Transport): Promise<ForeignClient> {
  const info = { name: 'client-v1', version: '1.0.0' };
  const client = new Client(info, { capabilities: { sampling: {}, elicitation: {} } });
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
  const [ada, bob] = [
    await connect(http(gateway.tokenFor('ada'))),
    await connect(http(gateway.tokenFor('bob'))),
  ];
  t.after(() => Promise.all([ada.close(), bob.close()]));
  const made = await ada.callTool('everything__gzip-file-as-resource', {
    name: 'of-ada.gz',
    data: 'data:text/plain,secret',
    outputType: 'resourceLink',
  });
  assert.match(JSON.stringify(made), /everything\+demo:\/\/resource\/session\/of-ada.gz/);
  const uri = 'everything+demo://resource/session/of-ada.gz';
  assert.equal((await ada.readResource({ uri })).contents.length, 1);
  await assert.rejects(bob.readResource({ uri }), /not found/i);
  const { resources } = await bob.listResources();
  assert.ok(!resources.some((resource) => resource.uri === uri));
});

test('a session of one principal does not exist for another', limit, async (t) => {
  const transport = http(gateway.tokenFor('ada')) as StreamableHTTPClientTransport;
  const ada = await connect(transport as Transport);
  t.after(ada.close);
  const { sessionId } = transport;
  assert.ok(sessionId !== undefined && sessionId.length >= 32);
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${gateway.tokenFor('bob')}`,
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
