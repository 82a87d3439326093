import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  Client,
  type ClientCapabilities,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { type Gateway, startGateway } from './gateway.ts';
import { answers, type ForeignClient, fullCapabilities, isolation, journey } from './journey.ts';

const limit = { timeout: 30_000 };
let gateway: Gateway;

before(async () => {
  gateway = await startGateway({ remote: true });
});

after(() => gateway.stop());

function http(url: string = gateway.url, token: string = gateway.token): Transport {
  const requestInit = { headers: { Authorization: `Bearer ${token}` } };
  return new StreamableHTTPClientTransport(new URL(url), { requestInit });
}

/** As somebody else at the endpoint of one server. */
function httpAs(subject: string): Transport {
  const endpoint = gateway.urlOf('everything');
  return http(endpoint, gateway.tokenFor(subject, endpoint));
}

function stdio(): Transport {
  return new StdioClientTransport({ ...gateway.bridge, stderr: 'inherit' });
}

type Mode = 'legacy' | 'auto' | { pin: string };

/** Connects a client whose user and model answer at once. */
async function connect(
  transport: Transport,
  mode: Mode,
  capabilities: ClientCapabilities = { sampling: {}, elicitation: {} },
): Promise<ForeignClient & { readonly sdk: Client }> {
  const client = new Client(
    { name: 'client-v2', version: '1.0.0' },
    { capabilities, versionNegotiation: { mode } },
  );
  client.setRequestHandler('sampling/createMessage', () => ({
    role: 'assistant' as const,
    model: 'test',
    content: { type: 'text' as const, text: answers.sampled },
  }));
  client.setRequestHandler('elicitation/create', () => ({
    action: 'accept' as const,
    content: { name: answers.elicited },
  }));
  await client.connect(transport);
  return {
    sdk: client,
    listTools: () => client.listTools(),
    listResources: () => client.listResources(),
    listResourceTemplates: () => client.listResourceTemplates(),
    listPrompts: () => client.listPrompts(),
    readResource: (params) => client.readResource(params),
    getPrompt: (params) => client.getPrompt(params),
    complete: (params) => client.complete(params),
    callTool: (name, args, options) => client.callTool({ name, arguments: args }, options),
    close: () => client.close(),
  };
}

const modern = '2026-07-28';

const ways: readonly {
  readonly name: string;
  readonly transport: () => Transport;
  readonly mode: Mode;
  readonly server: string;
  readonly revision: string;
}[] = [
  { name: 'Streamable HTTP', transport: http, mode: 'auto', server: 'everything', revision: modern },
  { name: 'Streamable HTTP', transport: http, mode: 'legacy', server: 'everything', revision: '2025-11-25' },
  {
    name: 'the stdio bridge',
    transport: stdio,
    mode: { pin: modern },
    server: 'everything',
    revision: modern,
  },
  {
    name: 'the stdio bridge',
    transport: stdio,
    mode: 'legacy',
    server: 'everything',
    revision: '2025-11-25',
  },
  {
    name: 'Streamable HTTP, before a server over Streamable HTTP',
    transport: http,
    mode: 'auto',
    server: 'remote',
    revision: modern,
  },
];

for (const { name, transport, mode, server, revision } of ways) {
  test(`the official client v2 works in ${revision} through ${name}`, limit, async (t) => {
    const client = await connect(transport(), mode);
    t.after(client.close);
    assert.equal(client.sdk.getNegotiatedProtocolVersion(), revision);
    await journey(t, client, server);
  });
}

test('the official client v2 finds the newest era by itself through the stdio bridge', limit, async (t) => {
  const client = await connect(stdio(), 'auto');
  t.after(client.close);
  assert.equal(client.sdk.getNegotiatedProtocolVersion(), modern);
});

test(
  'the official client v2 subscribes to changes over HTTP and the bridge, and ends it',
  limit,
  async (t) => {
    for (const transport of [http(), stdio()]) {
      const { sdk } = await connect(transport, 'auto');
      t.after(() => sdk.close());
      const subscription = await sdk.listen({ toolsListChanged: true });
      assert.equal(subscription.honoredFilter.toolsListChanged, true);
      await subscription.close();
      assert.ok((await sdk.listTools()).tools.length > 0);
    }
  },
);

test('what one modern principal did in a server is not there for another', limit, async (t) => {
  const connected = ['ada', 'bob'].map((subject) => connect(httpAs(subject), 'auto', fullCapabilities));
  const [ada, bob] = await Promise.all(connected);
  assert.ok(ada && bob);
  t.after(() => Promise.all([ada.close(), bob.close()]));
  await isolation(ada, bob);
});
