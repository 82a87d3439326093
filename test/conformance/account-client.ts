/**
 * The client that the suite's `auth/` scenarios start: a gateway whose upstream is the suite's server, an MCP client in
 * front of it, and a browser that opens the addresses that the gateway names.
 *
 *   node test/conformance/account-client.ts SERVER_URL
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import {
  type AccountGateway,
  type AccountOptions,
  ownerCookie,
  startAccountGateway,
} from './account-gateway.ts';
import { type Browser, createBrowser } from './browser.ts';

const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? '';
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as Readonly<
  Record<string, string>
>;
const upstreamUrl = process.argv.at(-1) ?? '';

/** The document that the suite knows; it stands for the gateway's own, which is not under https here. */
const clientMetadataUrl = 'https://conformance-test.local/client-metadata.json';
/** More than the suite allows for authorizations, so that only the gateway can stop a loop. */
const mostRounds = 6;

const { client_id: clientId = '', client_secret: clientSecret, private_key_pem: privateKey } = context;

const settings: Readonly<Record<string, Omit<AccountOptions, 'upstreamUrl'>>> = {
  'auth/basic-cimd': { auth: { kind: 'oauth', dpop: false }, clientMetadataUrl },
  'auth/pre-registration': {
    auth: {
      kind: 'oauth',
      dpop: false,
      clientId,
      ...(clientSecret !== undefined && { clientSecret }),
      ...(context['issuer'] !== undefined && { issuer: context['issuer'] }),
    },
  },
  'auth/dpop': { auth: { kind: 'oauth', dpop: true } },
  'auth/dpop-nonce': { auth: { kind: 'oauth', dpop: true } },
  'auth/client-credentials-basic': {
    auth: { kind: 'client-credentials', clientId, ...(clientSecret !== undefined && { clientSecret }) },
  },
  'auth/client-credentials-jwt': {
    auth: { kind: 'client-credentials', clientId, ...(privateKey !== undefined && { privateKey }) },
  },
  'auth/wif-jwt-bearer': {
    auth: { kind: 'workload-jwt' },
    jwtSvid: async () => context['valid_jwt'] ?? '',
  },
  'auth/enterprise-managed-authorization': {
    auth: { kind: 'identity-assertion', clientId, ...(clientSecret !== undefined && { clientSecret }) },
    upstreamAssertion: {
      issuer: context['idp_issuer'] ?? '',
      clientId: context['idp_client_id'] ?? '',
      subjectToken: async () => ({
        token: context['idp_id_token'] ?? '',
        type: 'urn:ietf:params:oauth:token-type:id_token',
      }),
    },
  },
};

const gateway = await startAccountGateway({
  upstreamUrl,
  ...(settings[scenario] ?? { auth: { kind: 'oauth', dpop: false } }),
});
const browser = createBrowser(ownerCookie);
try {
  const client = await again(() => connect(gateway, browser));
  const { tools } = await again(() => client.listTools());
  // The second call meets what has changed since the first: another authorization server.
  for (const _time of [1, 2]) {
    for (const { name } of tools) await again(() => client.callTool({ name, arguments: {} }));
  }
  await client.close();
} finally {
  await gateway.stop();
}

async function connect({ url, token }: AccountGateway, opener: Browser): Promise<Client> {
  const client = new Client(
    { name: 'bartizan-conformance-client', version: '1.0.0' },
    { capabilities: { elicitation: { url: {} } }, versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    const page = await opener.connect((params as { readonly url: string }).url);
    return { action: page.status === 200 ? 'accept' : 'decline' };
  });
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

/** Tries anew after every address that an error names, as a person would. */
async function again<Result>(run: () => Promise<Result>): Promise<Result> {
  for (let round = 1; ; round++) {
    try {
      return await run();
    } catch (fault) {
      const url = /open (http\S+) in a browser/.exec(String(fault))?.[1];
      if (url === undefined || round === mostRounds) throw fault;
      const page = await browser.connect(url);
      if (page.status !== 200) throw new Error(`not connected: ${page.text.replaceAll(/<[^>]*>/g, ' ')}`);
    }
  }
}
