import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { callerOf, connect } from './connect.ts';
import { type RealGateway, startGateway } from './gateway.ts';
import {
  hasty,
  type IdentityProvider,
  other,
  redirect,
  refactor,
  secret,
  startIdentityProvider,
} from './identity-provider.ts';

const limit = { timeout: 20_000 };
const everything = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);

/** Developers may call one tool, and one agent another one for itself. */
const policy = `
@id("developers-echo")
permit (principal, action == Action::"everything:echo", resource)
when { context.user.roles.contains("developer") && context.user.claims has aud };
@id("release-notes-adds")
permit (principal == Agent::"${other}", action == Action::"everything:get-sum", resource);
`;

let provider: IdentityProvider;
let gateway: RealGateway;
let endpoint: string;
/** A token of one second, and when it was issued. */
let short: { readonly token: string; readonly at: number };

before(async () => {
  provider = await startIdentityProvider();
  gateway = await startGateway(
    {
      servers: {
        everything: { command: process.execPath, args: [everything] },
        second: { command: process.execPath, args: [everything] },
      },
      identity: {
        scopes: ['mcp'],
        owner: { enabled: false },
        issuers: [{ issuer: provider.issuer }],
      },
    },
    policy,
  );
  endpoint = `${gateway.origin}/mcp/everything`;
  short = { token: await provider.login('dora', hasty, endpoint), at: Date.now() };
});

after(async () => {
  await gateway?.stop();
  provider?.stop();
});

/** The bare request of a client that wants to know what it may call. */
function list(token: string | undefined, url: string = endpoint): Promise<Response> {
  const clientInfo = { name: 'real', version: '1.0.0' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  return fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
  });
}

test('an employee who logged in calls what the role permits, and sees nothing else', limit, async (t) => {
  const dora = await connect(endpoint, await provider.login('dora', refactor, endpoint));
  t.after(dora.close);
  assert.deepEqual(await dora.tools(), ['echo']);
  assert.match(await dora.call('echo', { message: 'hello' }), /Echo: hello/);
  await assert.rejects(dora.call('get-sum', { a: 1, b: 2 }), /Unknown tool/);
});

test('an employee without a role is known, and sees no tool', limit, async (t) => {
  const zoe = await connect(endpoint, await provider.login('zoe', refactor, endpoint));
  t.after(zoe.close);
  assert.deepEqual(await zoe.tools(), []);
  await assert.rejects(zoe.call('echo', { message: 'hello' }), /Unknown tool/);
});

test('an agent that acts for itself calls what its own id permits', limit, async (t) => {
  const agent = await connect(endpoint, await provider.ownToken(other, endpoint));
  t.after(agent.close);
  assert.deepEqual(await agent.tools(), ['get-sum']);
  assert.match(await agent.call('get-sum', { a: 2, b: 3 }), /The sum of 2 and 3 is 5/);
});

test(
  'a token for another endpoint is refused, and the answer says where to get the right one',
  limit,
  async () => {
    const foreign = await provider.login('dora', refactor, `${gateway.origin}/mcp/second`);
    for (const token of [foreign, undefined]) {
      const refused = await list(token);
      assert.equal(refused.status, 401);
      const challenge = refused.headers.get('www-authenticate') ?? '';
      const metadata = /resource_metadata="([^"]+)"/.exec(challenge)?.[1];
      assert.equal(metadata, `${gateway.origin}/.well-known/oauth-protected-resource/mcp/everything`);
      assert.equal(challenge.includes('invalid_token'), token !== undefined);
      const document = (await (await fetch(metadata)).json()) as Record<string, unknown>;
      assert.equal(document['resource'], endpoint);
      assert.deepEqual(document['authorization_servers'], [provider.issuer]);
      assert.deepEqual(document['scopes_supported'], ['mcp']);
    }
    assert.equal((await list(foreign, `${gateway.origin}/mcp/second`)).status, 200);
  },
);

test('the official client finds the provider by itself and logs its user in', limit, async (t) => {
  let verifier = '';
  let back: URL | undefined;
  let saved: { access_token: string; token_type: string } | undefined;
  const transportOf = (): StreamableHTTPClientTransport =>
    new StreamableHTTPClientTransport(new URL(endpoint), {
      authProvider: {
        redirectUrl: redirect,
        clientMetadata: { redirect_uris: [redirect], token_endpoint_auth_method: 'client_secret_post' },
        clientInformation: () => ({
          client_id: refactor,
          client_secret: secret,
          token_endpoint_auth_method: 'client_secret_post',
        }),
        tokens: () => saved,
        saveTokens: (tokens) => {
          saved = tokens;
        },
        redirectToAuthorization: async (url) => {
          back = await provider.browse(url, 'dora');
        },
        saveCodeVerifier: (value) => {
          verifier = value;
        },
        codeVerifier: () => verifier,
      },
    });
  const clientOf = (): Client =>
    new Client({ name: 'real', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  const first = transportOf();
  await assert.rejects(clientOf().connect(first), UnauthorizedError);
  assert.ok(back !== undefined);
  await first.finishAuth(back.searchParams);
  const sdk = clientOf();
  await sdk.connect(transportOf());
  const dora = callerOf(sdk);
  t.after(dora.close);
  assert.deepEqual(await dora.tools(), ['echo']);
});

test('a key that the provider took up later counts, and the old one does not', {
  timeout: 60_000,
}, async () => {
  const old = await provider.login('dora', refactor, endpoint);
  provider.rotate();
  const fresh = await provider.login('dora', refactor, endpoint);
  // An unknown key makes the gateway ask again at most once in 30 seconds (docs/identity.md).
  const status = await eventually(200, () => list(fresh));
  assert.equal(status, 200);
  assert.equal((await list(old)).status, 401);
});

test('a token counts no longer when it has ended', { timeout: 60_000 }, async () => {
  // 30 seconds are allowed for clocks that differ.
  await sleep(Math.max(0, short.at + 32_000 - Date.now()));
  assert.equal((await list(short.token)).status, 401);
});

async function eventually(wanted: number, ask: () => Promise<Response>): Promise<number> {
  const deadline = Date.now() + 40_000;
  for (;;) {
    const { status } = await ask();
    if (status === wanted || Date.now() > deadline) return status;
    await sleep(1_000);
  }
}
