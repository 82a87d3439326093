/**
 * The client that the suite's client scenarios start. It puts the gateway
 * between itself and the suite, and drives each scenario through it: what the
 * suite examines is then the gateway's upstream leg. With `--direct` it talks
 * to the suite itself, which shows that the script asks for all that a
 * scenario wants to see.
 *
 *   node test/conformance/client.ts [--direct] SERVER_URL
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startGateway } from './gateway.ts';

type Script = (client: Client) => Promise<void>;

const scripts: Readonly<Record<string, Script>> = {
  tools_call: async (client) => {
    await client.listTools();
    await client.callTool({ name: 'add_numbers', arguments: { a: 5, b: 3 } });
  },
  'request-metadata': async (client) => {
    await client.listTools();
  },
  'sep-2322-client-request-state': async (client) => {
    await client.listTools();
    await client.callTool({ name: 'test_mrtr_echo_state', arguments: {} });
    await client.callTool({ name: 'test_mrtr_no_state', arguments: {} });
    await client.callTool({ name: 'test_mrtr_unrelated', arguments: {} });
    // The SDK refuses a result without `resultType`; the scenario only forbids a retry.
    await client.callTool({ name: 'test_mrtr_no_result_type', arguments: {} }).catch(() => undefined);
  },
  'http-standard-headers': async (client) => {
    const { tools } = await client.listTools();
    for (const { name } of tools) await client.callTool({ name, arguments: {} });
    const { resources } = await client.listResources();
    for (const { uri } of resources) await client.readResource({ uri });
    const { prompts } = await client.listPrompts();
    for (const { name } of prompts) await client.getPrompt({ name, arguments: {} });
  },
  'http-custom-headers': async (client) => {
    await client.listTools();
    for (const call of contextToolCalls()) await client.callTool(call);
  },
  'http-invalid-tool-headers': async (client) => {
    const { tools } = await client.listTools();
    for (const { name } of tools) await client.callTool({ name, arguments: { region: 'us-west1' } });
  },
  'json-schema-ref-no-deref': async (client) => {
    await client.listTools();
  },
};

const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? '';
const script = scripts[scenario];
const upstreamUrl = process.argv.at(-1) ?? '';
if (script === undefined) throw new Error(`no script for the scenario \`${scenario}\``);

const gateway = process.argv.includes('--direct') ? undefined : await startGateway({ upstreamUrl });
try {
  const client = await connect(gateway?.url ?? upstreamUrl, gateway?.token);
  await script(client);
  await client.close();
} finally {
  await gateway?.stop();
}

async function connect(url: string, token: string | undefined): Promise<Client> {
  const client = new Client(
    { name: 'bartizan-conformance-client', version: '1.0.0' },
    {
      capabilities: { roots: {}, sampling: {}, elicitation: {} },
      versionNegotiation: { mode: 'auto' },
    },
  );
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { confirmed: true } }));
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

/** The calls that the scenario hands to the client. */
function contextToolCalls(): readonly { name: string; arguments: Record<string, unknown> }[] {
  return JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}').toolCalls ?? [];
}
