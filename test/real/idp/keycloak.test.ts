import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, DpopSession, StreamableHTTPClientTransport, withDpop } from '@modelcontextprotocol/client';
import { openTask } from '../../../src/task/index.ts';
import { ScriptedBrowser } from '../../login/browser.ts';
import { connect } from '../connect.ts';
import { type RealGateway, startGateway } from '../gateway.ts';
import { freePort } from '../program.ts';
import { fillLogin, type Keycloak, startKeycloak } from './keycloak.ts';
import { clients, company, password, realmOf, secret, stranger } from './realm.ts';

const limit = { timeout: 60_000 };
const everything = fileURLToPath(
  new URL('../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);
const agent = 'refactoring-agent';
const agentKey = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
  'sign',
  'verify',
]);
const agentJwk = await crypto.subtle.exportKey('jwk', agentKey.publicKey);

/** Developers may echo, whether Keycloak says that they are or the gateway after a login there. */
const policy = ['everything', 'connected', 'exchanged', 'serviced']
  .map(
    (server) => `
@id("developers-echo-${server}")
permit (principal, action == Action::"${server}:echo", resource)
when { context.user.roles.contains("developer") };
`,
  )
  .join('');

let keycloak: Keycloak;
let gateway: RealGateway;
/** Another gateway stands for a server of the company that trusts Keycloak itself. */
let upstream: RealGateway;
let folder: string;
let endpoint: string;

before(
  async () => {
    folder = await mkdtemp(join(tmpdir(), 'bartizan-keycloak-'));
    const [port, upstreamPort] = [await freePort(), await freePort()];
    const origin = `http://127.0.0.1:${port}`;
    endpoint = `${origin}/mcp/everything`;
    const places = {
      gateway: origin,
      endpoint,
      upstream: `http://127.0.0.1:${upstreamPort}/mcp/everything`,
    };
    keycloak = await startKeycloak();
    for (const realm of [company, stranger]) await keycloak.admin('POST', '', realmOf(realm, places));
    upstream = await startGateway(upstreamSettings(upstreamPort), policy);
    gateway = await startGateway(settings(port, places.upstream), policy);
  },
  { timeout: 360_000 },
);

after(async () => {
  await gateway?.stop();
  await upstream?.stop();
  await keycloak?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

interface Written {
  readonly [section: string]: unknown;
}

function upstreamSettings(port: number): Written {
  return {
    listen: { port },
    servers: { everything: { command: process.execPath, args: [everything] } },
    identity: {
      owner: { enabled: false },
      issuers: [{ issuer: keycloak.issuer(company), provider: 'keycloak' }],
    },
    authorizationServer: { enabled: false },
    audit: { directory: join(folder, 'upstream-audit') },
  };
}

/** What an operator writes to use a Keycloak. */
function settings(port: number, url: string): Written {
  const issuer = keycloak.issuer(company);
  const everythingServer = { command: process.execPath, args: [everything] };
  return {
    listen: { port },
    servers: {
      everything: everythingServer,
      second: everythingServer,
      connected: { url, auth: { kind: 'oauth', clientId: clients.connector, clientSecret: secret } },
      exchanged: {
        url,
        auth: {
          kind: 'exchange',
          tokenEndpoint: keycloak.tokenEndpoint(company),
          clientId: clients.exchanger,
          clientSecret: secret,
        },
      },
      serviced: {
        url,
        auth: { kind: 'client-credentials', clientId: clients.service, clientSecret: secret },
      },
    },
    identity: {
      owner: { enabled: false },
      issuers: [
        {
          issuer,
          provider: 'keycloak',
          introspection: { clientId: clients.gateway, clientSecret: secret, tokens: 'all', cacheSeconds: 1 },
        },
      ],
    },
    authorizationServer: {
      login: 'provider',
      provider: { issuer, kind: 'keycloak', clientId: clients.gateway, clientSecret: secret },
      clients: [{ id: 'desktop', name: 'Desktop', redirectUris: ['https://client.test/callback'] }],
    },
    agents: [
      {
        id: agent,
        authentication: ['private_key_jwt'],
        jwks: [
          { kty: agentJwk.kty, crv: agentJwk.crv, x: agentJwk.x, y: agentJwk.y, kid: 'agent', alg: 'ES256' },
        ],
        templates: ['echoing'],
      },
    ],
    tasks: { templates: { echoing: { actions: ['everything:echo'], calls: 5 } } },
    audit: { directory: join(folder, 'audit') },
  };
}

/** An access token for a person, as an application of the company gets it. */
async function tokenOf(
  username: string,
  client: string = clients.editor,
  realm: string = company,
  dpop?: string,
): Promise<string> {
  const login = { grant_type: 'password', client_id: client, username, password, scope: 'openid' };
  const answer = await keycloak.token(realm, login, dpop);
  assert.equal(typeof answer['access_token'], 'string', JSON.stringify(answer));
  return String(answer['access_token']);
}

/** The id that Keycloak gave a person. */
async function idOf(username: string): Promise<string> {
  const found = await keycloak.admin('GET', `/${company}/users?exact=true&username=${username}`);
  return (found as readonly { readonly id: string }[])[0]?.id ?? '';
}

/** The bare first request of a client. */
function initialize(
  token: string,
  url: string = endpoint,
  scheme: string = 'Bearer',
  send: typeof fetch = fetch,
): Promise<Response> {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'real', version: '1.0.0' },
  };
  return send(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `${scheme} ${token}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
  });
}

/** The official client's way of proving a key. */
function bound(session: DpopSession, token: string): typeof fetch {
  const send = withDpop(session, () => token)((url, init) => fetch(url, init));
  return (input, init) => send(input instanceof Request ? input.url : input, init);
}

async function statusOf(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}

/** The decisions about calls of a tool, as they are on disk. */
async function decisions(action: string, log: string = 'audit'): Promise<readonly Decision[]> {
  const directory = join(folder, log);
  const segments = (await readdir(directory)).filter((name) => name.endsWith('.jsonl')).toSorted();
  const texts = await Promise.all(segments.map((name) => readFile(join(directory, name), 'utf8')));
  const records = texts
    .flatMap((text) => text.trim().split('\n'))
    .map((line) => JSON.parse(line) as Decision);
  return records.filter((record) => record.kind === 'decision' && record.action === action);
}

interface Decision {
  readonly kind: string;
  readonly action?: string;
  readonly decision: string;
  readonly subject: {
    readonly user: string;
    readonly issuer: string;
    readonly agent: string;
    readonly proof?: string;
    readonly task?: { readonly id: string };
  };
}

describe('an access token of Keycloak', () => {
  test('lets a developer do what the role permits, and nothing else be seen', limit, async (t) => {
    const dora = await connect(endpoint, await tokenOf('dora'));
    t.after(dora.close);
    assert.deepEqual(await dora.tools(), ['echo']);
    assert.match(await dora.call('echo', { message: 'hello' }), /Echo: hello/);
    await assert.rejects(dora.call('get-sum', { a: 1, b: 2 }), /Unknown tool/);
    const { subject } = (await decisions('everything:echo')).at(-1) ?? assert.fail('nothing was recorded');
    assert.equal(subject.user, await idOf('dora'));
    assert.deepEqual([subject.issuer, subject.agent], [keycloak.issuer(company), clients.editor]);
  });

  test('of somebody without the role shows nothing', limit, async (t) => {
    const zoe = await connect(endpoint, await tokenOf('zoe'));
    t.after(zoe.close);
    assert.deepEqual(await zoe.tools(), []);
    await assert.rejects(zoe.call('echo', { message: 'hello' }), /Unknown tool/);
  });

  test(
    'is refused where it is for nobody or somebody else, and when it is of another realm',
    limit,
    async () => {
      const token = await tokenOf('dora');
      assert.equal(await statusOf(initialize(token)), 200);
      assert.equal(await statusOf(initialize(token, `${gateway.origin}/mcp/second`)), 401);
      assert.equal(await statusOf(initialize(token, `${gateway.origin}/mcp`)), 401);
      assert.equal(await statusOf(initialize(await tokenOf('dora', clients.intranet))), 401);
      assert.equal(await statusOf(initialize(await tokenOf('dora', clients.editor, stranger))), 401);
    },
  );

  test('is none that an id token or a refresh token could stand for', limit, async () => {
    const login = { grant_type: 'password', client_id: clients.editor, username: 'dora', password };
    const answer = await keycloak.token(company, { ...login, scope: 'openid' });
    for (const name of ['id_token', 'refresh_token'])
      assert.equal(await statusOf(initialize(String(answer[name]))), 401);
  });

  test('bound to a key counts with proofs of that key alone', limit, async () => {
    const session = await DpopSession.create();
    const proof = await session.buildProof({ htm: 'POST', htu: keycloak.tokenEndpoint(company) });
    const token = await tokenOf('dora', clients.bound, company, proof);
    const other = await DpopSession.create();
    for (const scheme of ['Bearer', 'DPoP'])
      assert.equal(await statusOf(initialize(token, endpoint, scheme)), 401);
    assert.equal(await statusOf(initialize(token, endpoint, 'DPoP', bound(other, token))), 401);

    const dora = await connect(endpoint, 'replaced by the token below', bound(session, token));
    assert.match(await dora.call('echo', { message: 'proven' }), /Echo: proven/);
    await dora.close();
    const { subject } = (await decisions('everything:echo')).at(-1) ?? assert.fail('nothing was recorded');
    assert.deepEqual([subject.proof, subject.agent], ['dpop', clients.bound]);
  });
});

test('what Keycloak withdraws ends within the time that its answers count', limit, async () => {
  const ned = await idOf('ned');
  const loggedOut = await tokenOf('ned');
  assert.equal(await statusOf(initialize(loggedOut)), 200);
  await keycloak.admin('POST', `/${company}/users/${ned}/logout`);
  await sleep(1_100);
  assert.equal(await statusOf(initialize(loggedOut)), 401);

  const again = await tokenOf('ned');
  assert.equal(await statusOf(initialize(again)), 200);
  await keycloak.admin('PUT', `/${company}/users/${ned}`, { enabled: false });
  await sleep(1_100);
  assert.equal(await statusOf(initialize(again)), 401);
});

const redirect = 'https://client.test/callback';
const verifier = 'a-verifier-that-is-long-enough-for-everybody-0123456789';

async function metadata(): Promise<Readonly<Record<string, string>>> {
  const response = await fetch(`${gateway.origin}/.well-known/oauth-authorization-server/as`);
  return (await response.json()) as Readonly<Record<string, string>>;
}

/** Walks from the MCP client over the gateway to Keycloak and back; answers the answer of the token endpoint. */
async function logIn(
  username: string,
  resource: string = endpoint,
  browser: ScriptedBrowser = new ScriptedBrowser(),
): Promise<Record<string, unknown>> {
  const query = new URLSearchParams({
    client_id: 'desktop',
    response_type: 'code',
    redirect_uri: redirect,
    resource,
    state: randomUUID(),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const { authorization_endpoint, token_endpoint } = await metadata();
  const start = await browser.open(`${authorization_endpoint}?${query.toString()}`);
  const form = await browser.submit(start, 'provider');
  assert.equal(form.url.origin, new URL(keycloak.issuer(company)).origin);
  const wrong = await fillLogin(browser, form, username, 'a guess');
  assert.match(wrong.text, /Invalid username or password/);
  const consent = await fillLogin(browser, wrong, username, password);
  assert.match(consent.text, /<b>Desktop<\/b> asks to act for you/);
  const back = await browser.submit(consent, 'consent');
  assert.equal(back.url.searchParams.get('iss'), `${gateway.origin}/as`);
  assert.equal(back.url.searchParams.get('state'), query.get('state'));
  const response = await fetch(token_endpoint ?? '', {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: 'desktop',
      code: back.url.searchParams.get('code') ?? '',
      redirect_uri: redirect,
      code_verifier: verifier,
      resource,
    }),
  });
  return (await response.json()) as Record<string, unknown>;
}

describe('a login at Keycloak', () => {
  test('ends in a token of the gateway, with the roles of Keycloak and the same user', limit, async (t) => {
    const { access_token: token } = await logIn('dora');
    const dora = await connect(endpoint, String(token));
    t.after(dora.close);
    assert.deepEqual(await dora.tools(), ['echo']);
    assert.match(await dora.call('echo', { message: 'logged in' }), /Echo: logged in/);
    const { subject } = (await decisions('everything:echo')).at(-1) ?? assert.fail('nothing was recorded');
    // One person is one person, whether the company or the gateway issued the token.
    assert.deepEqual(
      [subject.user, subject.issuer, subject.agent],
      [await idOf('dora'), keycloak.issuer(company), 'desktop'],
    );
  });

  test('of somebody without the role ends in a token that shows nothing', limit, async (t) => {
    const { access_token: token } = await logIn('zoe');
    const zoe = await connect(endpoint, String(token));
    t.after(zoe.close);
    assert.deepEqual(await zoe.tools(), []);
  });
});

describe('a task from an access token of Keycloak', () => {
  const authentication = {
    method: 'private_key_jwt',
    key: agentKey.privateKey,
    keyId: 'agent',
  } as const;

  test('is the agent’s own, and the record of its call names the user at Keycloak', limit, async () => {
    const task = await openTask({
      resource: endpoint,
      subjectToken: await tokenOf('dora'),
      agent,
      authentication,
      template: 'echoing',
      purpose: 'to show that it works',
    });
    const caller = await connect(endpoint, 'replaced by the token of the task', task.fetch);
    assert.match(await caller.call('echo', { message: 'in a task' }), /Echo: in a task/);
    await caller.close();
    const { subject } = (await decisions('everything:echo')).at(-1) ?? assert.fail('nothing was recorded');
    assert.deepEqual(
      [subject.user, subject.issuer, subject.agent, subject.task?.id, subject.proof],
      [await idOf('dora'), keycloak.issuer(company), agent, task.id, 'dpop'],
    );
    await task.end();
    assert.equal(await statusOf(initialize(task.token, endpoint, 'DPoP', task.fetch)), 401);
  });

  test('is not granted on a token that is for another application', limit, async () => {
    const order = { resource: endpoint, agent, authentication, template: 'echoing' };
    const subjectToken = await tokenOf('dora', clients.intranet);
    await assert.rejects(openTask({ ...order, subjectToken }), { code: 'invalid_grant' });
  });
});

describe('a server whose tokens Keycloak issues', () => {
  test(
    'is called for a user who connected an account in the browser, with a token of that user',
    limit,
    async (t) => {
      const resource = `${gateway.origin}/mcp/connected`;
      const browser = new ScriptedBrowser();
      const { access_token: token } = await logIn('dora', resource, browser);
      const visited: string[] = [];
      const client = new Client(
        { name: 'real', version: '1.0.0' },
        { versionNegotiation: { mode: 'auto' }, capabilities: { elicitation: { url: {} } } },
      );
      client.setRequestHandler('elicitation/create', async ({ params }) => {
        assert.ok('url' in params, JSON.stringify(params));
        const page = await browser.open(String(params.url));
        // She is logged in at Keycloak already, so it sends her back at once.
        const done = await browser.submit(page, new URL(page.url).pathname.split('/').at(-1) ?? '');
        visited.push(`${done.status} ${done.url.pathname}`);
        return { action: 'accept' as const };
      });
      const requestInit = { headers: { Authorization: `Bearer ${String(token)}` } };
      await client.connect(new StreamableHTTPClientTransport(new URL(resource), { requestInit }));
      t.after(() => client.close());
      const result = await client.callTool({ name: 'echo', arguments: { message: 'far away' } });
      assert.match(JSON.stringify(result), /Echo: far away/);
      assert.deepEqual(visited, ['200 /connect/callback']);
      const { subject } =
        (await decisions('everything:echo', 'upstream-audit')).at(-1) ?? assert.fail('no record');
      assert.deepEqual([subject.user, subject.agent], [await idOf('dora'), clients.connector]);
    },
  );

  const exchanged = async (username: string): Promise<void> => {
    const { subject } =
      (await decisions('everything:echo', 'upstream-audit')).at(-1) ?? assert.fail('no record');
    assert.deepEqual([subject.user, subject.agent], [await idOf(username), clients.exchanger]);
  };

  test('is called for a user with a token that the one of her login was exchanged for', limit, async (t) => {
    const resource = `${gateway.origin}/mcp/exchanged`;
    const { access_token: token } = await logIn('dora', resource);
    const dora = await connect(resource, String(token));
    t.after(dora.close);
    assert.match(await dora.call('echo', { message: 'exchanged' }), /Echo: exchanged/);
    await exchanged('dora');
  });

  test('is called for a user whose access token has ended since the login', limit, async (t) => {
    const resource = `${gateway.origin}/mcp/exchanged`;
    await accessTokensLive(clients.gateway, '1');
    const { access_token: token } = await logIn('lena', resource);
    await accessTokensLive(clients.gateway, '300');
    await sleep(1_100);
    const lena = await connect(resource, String(token));
    t.after(lena.close);
    assert.match(await lena.call('echo', { message: 'renewed' }), /Echo: renewed/);
    await exchanged('lena');
  });

  test('is called for the gateway itself, by its own client', limit, async (t) => {
    const resource = `${gateway.origin}/mcp/serviced`;
    const { access_token: token } = await logIn('dora', resource);
    const dora = await connect(resource, String(token));
    t.after(dora.close);
    assert.match(await dora.call('echo', { message: 'served' }), /Echo: served/);
    const { subject } =
      (await decisions('everything:echo', 'upstream-audit')).at(-1) ?? assert.fail('no record');
    assert.equal(subject.agent, clients.service);
  });
});

/** Sets how long the access tokens of a client live that it gets from now on, in seconds. */
async function accessTokensLive(client: string, seconds: string): Promise<void> {
  const found = (await keycloak.admin('GET', `/${company}/clients?clientId=${client}`)) as readonly {
    readonly id: string;
  }[];
  const attributes = { 'access.token.lifespan': seconds };
  await keycloak.admin('PUT', `/${company}/clients/${found[0]?.id}`, { clientId: client, attributes });
}

test('a key that Keycloak took up later counts, and the one that it dropped does not', {
  timeout: 90_000,
}, async () => {
  const old = await tokenOf('dora');
  assert.equal(await statusOf(initialize(old)), 200);
  await rotate();
  const fresh = await tokenOf('dora');
  // An unknown key makes the gateway ask again at most once in 30 seconds (docs/identity.md).
  assert.equal(await eventually(200, () => initialize(fresh)), 200);
  assert.equal(await statusOf(initialize(old)), 401);
});

/** Keycloak signs with a new key from now on, and publishes the old ones no longer. */
async function rotate(): Promise<void> {
  const providerType = 'org.keycloak.keys.KeyProvider';
  const keys = (await keycloak.admin('GET', `/${company}/components?type=${providerType}`)) as readonly {
    readonly id: string;
    readonly providerId: string;
  }[];
  await keycloak.admin('POST', `/${company}/components`, {
    name: 'the next key',
    providerId: 'rsa-generated',
    providerType,
    config: { priority: ['200'], keySize: ['2048'] },
  });
  for (const { id, providerId } of keys)
    if (providerId === 'rsa-generated') await keycloak.admin('DELETE', `/${company}/components/${id}`);
}

async function eventually(wanted: number, ask: () => Promise<Response>): Promise<number> {
  const deadline = Date.now() + 45_000;
  for (;;) {
    const status = await statusOf(ask());
    if (status === wanted || Date.now() > deadline) return status;
    await sleep(1_000);
  }
}
