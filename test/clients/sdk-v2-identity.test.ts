import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  Client,
  CrossAppAccessProvider,
  DpopSession,
  discoverAndRequestJwtAuthGrant,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { ScriptedBrowser } from '../login/browser.ts';
import { payload } from '../login/gateway.ts';
import { type RealGateway, startGateway } from '../real/gateway.ts';
import { type AssertionProvider, desktop, startAssertionProvider } from './assertion-provider.ts';

const limit = { timeout: 30_000 };
const everything = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);
const redirectUrl = 'https://client.test/callback';
const password = 'correct horse battery';
const managed = { id: 'desktop', secret: 'secret of the desktop at the gateway' };

let gateway: RealGateway;
let provider: AssertionProvider;
let endpoint: string;

before(async () => {
  provider = await startAssertionProvider((audience) =>
    audience === `${gateway.origin}/as` ? managed.id : undefined,
  );
  gateway = await startGateway({
    servers: { everything: { command: process.execPath, args: [everything] } },
    identity: {
      issuers: [{ issuer: provider.issuer, identityAssertions: true }],
      // The strictest there is: every token is bound, and every proof has a nonce of the gateway.
      proof: { senderConstrained: 'required', nonce: 'required' },
    },
    authorizationServer: {
      clients: [
        { id: 'editor', name: 'Editor', redirectUris: [redirectUrl] },
        { id: managed.id, name: 'Desktop', secret: managed.secret },
      ],
    },
  });
  endpoint = `${gateway.origin}/mcp/everything`;
  const owner = new ScriptedBrowser();
  const page = await owner.open(gateway.setupLink);
  const kept = await owner.submit(page, 'password', { password, repeated: password });
  await owner.submit(kept, 'finish');
});

after(async () => {
  await gateway?.stop();
  provider?.stop();
});

/** What an application keeps of its login: its key, and what the official client gives it. */
interface Application extends OAuthClientProvider {
  /** Where the browser of the user came back to. */
  readonly back: () => URL;
  readonly kept: Kept;
}

interface Kept {
  tokens?: StoredOAuthTokens;
  verifier?: string;
  back?: URL;
  state?: string;
  discovery?: OAuthDiscoveryState;
}

async function application(): Promise<Application> {
  const session = await DpopSession.create();
  const kept: Kept = {};
  return {
    kept,
    back: () => kept.back ?? assert.fail('nobody was sent to log in'),
    redirectUrl,
    clientMetadata: { redirect_uris: [redirectUrl], token_endpoint_auth_method: 'none' },
    clientInformation: () => ({ client_id: 'editor', issuer: `${gateway.origin}/as` }),
    state: () => {
      kept.state = randomUUID();
      return kept.state;
    },
    tokens: () => kept.tokens,
    saveTokens: (tokens) => {
      kept.tokens = tokens;
    },
    saveCodeVerifier: (verifier) => {
      kept.verifier = verifier;
    },
    codeVerifier: () => kept.verifier ?? '',
    discoveryState: () => kept.discovery,
    saveDiscoveryState: (discovery) => {
      kept.discovery = discovery;
    },
    dpop: () => session,
    redirectToAuthorization: async (url) => {
      assert.equal(url.searchParams.get('resource'), endpoint);
      assert.equal(url.searchParams.get('code_challenge_method'), 'S256');
      const browser = new ScriptedBrowser();
      const login = await browser.open(url.href);
      const next = await browser.submit(login, 'password', { password });
      // The gateway asks once for what an application wants.
      const isAsked = next.forms.some(({ action }) => action.endsWith('/consent'));
      kept.back = (isAsked ? await browser.submit(next, 'consent') : next).url;
      assert.equal(kept.back.searchParams.get('state'), kept.state);
    },
  };
}

type Mode = 'auto' | 'legacy';

async function connect(authProvider: OAuthClientProvider, mode: Mode): Promise<Client> {
  const client = new Client({ name: 'client-v2', version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(endpoint), { authProvider }));
  return client;
}

async function echo(client: Client, message: string): Promise<void> {
  for (const nth of [1, 2, 3]) {
    const result = await client.callTool({ name: 'echo', arguments: { message: `${message} ${nth}` } });
    assert.match(JSON.stringify(result), new RegExp(`Echo: ${message} ${nth}`));
  }
}

for (const mode of ['auto', 'legacy'] as const)
  test(
    `the official client logs its user in, and proves its key with every call (${mode})`,
    limit,
    async (t) => {
      const app = await application();
      const transport = new StreamableHTTPClientTransport(new URL(endpoint), { authProvider: app });
      const first = new Client({ name: 'client-v2', version: '1.0.0' }, { versionNegotiation: { mode } });
      await assert.rejects(first.connect(transport), UnauthorizedError);
      assert.equal(app.back().searchParams.get('iss'), `${gateway.origin}/as`);
      await transport.finishAuth(app.back().searchParams);
      assert.equal(app.kept.tokens?.token_type, 'DPoP');
      const { cnf, aud, sub } = payload(app.kept.tokens.access_token);
      assert.deepEqual([cnf, aud, sub], [{ jkt: (await app.dpop?.())?.thumbprint }, endpoint, 'owner']);

      const client = await connect(app, mode);
      t.after(() => client.close());
      await echo(client, 'proven');
    },
  );

test('the official client renews a token that no longer counts, with the same key', limit, async (t) => {
  const app = await application();
  const transport = new StreamableHTTPClientTransport(new URL(endpoint), { authProvider: app });
  const first = new Client({ name: 'client-v2', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await assert.rejects(first.connect(transport), UnauthorizedError);
  await transport.finishAuth(app.back().searchParams);
  const old = app.kept.tokens ?? assert.fail('no tokens came');
  assert.equal(typeof old.refresh_token, 'string');
  app.kept.tokens = { ...old, access_token: `${old.access_token.slice(0, -4)}AAAA` };

  const client = await connect(app, 'auto');
  t.after(() => client.close());
  await echo(client, 'renewed');
  assert.notEqual(app.kept.tokens.refresh_token, old.refresh_token);
});

test(
  'a client of a company gets in by the word of its identity provider, without any page',
  limit,
  async (t) => {
    const session = await DpopSession.create();
    let asked = 0;
    const app: OAuthClientProvider = Object.assign(
      new CrossAppAccessProvider({
        clientId: managed.id,
        clientSecret: managed.secret,
        expectedIssuer: `${gateway.origin}/as`,
        assertion: async ({ authorizationServerUrl, resourceUrl, scope, fetchFn }) => {
          asked += 1;
          const { jwtAuthGrant } = await discoverAndRequestJwtAuthGrant({
            idpUrl: provider.issuer,
            audience: authorizationServerUrl,
            resource: resourceUrl,
            idToken: provider.idToken('alice'),
            clientId: desktop.id,
            clientSecret: desktop.secret,
            ...(scope !== undefined && { scope }),
            fetchFn,
          });
          return jwtAuthGrant;
        },
      }),
      { dpop: () => session },
    );
    const client = await connect(app, 'auto');
    t.after(() => client.close());
    await echo(client, 'managed');
    assert.equal(asked, 1);
    const claims = payload((await app.tokens())?.access_token);
    assert.deepEqual(claims['sub_id'], { format: 'iss_sub', iss: provider.issuer, sub: 'alice' });
    assert.deepEqual([claims['client_id'], claims['cnf']], [managed.id, { jkt: session.thumbprint }]);
  },
);
