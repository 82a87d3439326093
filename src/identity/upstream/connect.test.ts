import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, beforeEach, test } from 'node:test';
import { type ScriptedServer, scriptedServer } from '../../../test/fixtures/authorization-server.ts';
import { memoryDocuments } from '../../../test/fixtures/documents.ts';
import type { Connect } from '../../model/connect.ts';
import { Refusal } from '../../model/refusal.ts';
import type { ServerId } from '../../model/server-id.ts';
import type { UpstreamChallenge, UpstreamCredential } from '../../pipeline/ports.ts';
import type { Documents } from '../../pipeline/store-ports.ts';
import { testSubject } from '../../testing/pipeline-ports.ts';
import { guardedFetch } from '../guarded-fetch.ts';
import { localKek } from '../vault/local-kek.ts';
import { createVault } from '../vault/vault.ts';
import { createBroker } from './create-broker.ts';
import type { Broker, BrokerOptions, ServerAuth } from './options.ts';

const ends: (() => Promise<void>)[] = [];
after(async () => {
  for (const end of ends.reverse()) await end();
});

const server = 'files' as ServerId;
const ada = testSubject();
const bob = testSubject({ user: { ...ada.user, subject: 'bob' } });
const kek = localKek(randomBytes(32));

/** A replica of the gateway: its broker, and its pages at an address. */
interface Replica extends Broker {
  readonly origin: string;
  readonly events: string[];
}

let upstream: ScriptedServer;
let documents: Documents;
let skew = 0;
const now = (): number => Date.now() + skew;

beforeEach(async () => {
  upstream = await scriptedServer();
  ends.push(upstream.close);
  skew = 0;
  documents = memoryDocuments({ now });
});

/** The browser's login is in its cookie: the name of the user. */
async function replica(
  auth: Partial<ServerAuth> = {},
  change: Partial<BrokerOptions> = {},
): Promise<Replica> {
  const events: string[] = [];
  const pages = createServer((request, response) => broker.mount.serve(request, response));
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  ends.push(async () => {
    pages.close();
    pages.closeAllConnections();
  });
  const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  const broker = createBroker({
    servers: {
      [server]: {
        url: upstream.url,
        headers: {},
        auth: { kind: 'oauth', dpop: false, ...auth } as ServerAuth,
      },
    },
    vault: createVault({ documents, kek }),
    clock: { now },
    origin,
    fetch: guardedFetch({ allowLoopback: true }),
    assets: '/as/assets',
    sessionUser: async ({ headers }) => {
      const subject = /user=(\w+)/.exec(headers.cookie ?? '')?.[1];
      return subject === undefined ? undefined : { issuer: ada.user.issuer, subject };
    },
    report: (event, facts) => void events.push(`${event} ${JSON.stringify(facts)}`),
    ...change,
  });
  return { ...broker, origin, events };
}

const unauthorized: UpstreamChallenge = {
  status: 401,
  authenticate: 'Bearer scope="read"',
  nonce: undefined,
};

function isCredential(got: object): got is UpstreamCredential {
  return 'headers' in got && !(got instanceof Refusal);
}

async function credential(of: Broker, subject = ada): Promise<UpstreamCredential> {
  const got = await of.broker.credential(server, subject);
  assert.ok(isCredential(got), JSON.stringify(got));
  return got;
}

async function renew(
  given: UpstreamCredential,
  challenge = unauthorized,
): Promise<UpstreamCredential | Connect | Refusal> {
  assert.ok(given.renew !== undefined);
  return given.renew(challenge);
}

async function connectUrl(of: Broker, challenge = unauthorized, subject = ada): Promise<string> {
  const asked = await renew(await credential(of, subject), challenge);
  assert.ok('kind' in asked, JSON.stringify(asked));
  return asked.url;
}

/** What a browser of a user gets. */
async function open(
  url: string,
  user: string | undefined,
  cookie = '',
  init: RequestInit = {},
): Promise<Response> {
  const cookies = [user && `user=${user}`, cookie].filter(Boolean).join('; ');
  return fetch(url, { redirect: 'manual', ...init, headers: { ...init.headers, cookie: cookies } });
}

interface Begun {
  readonly authorization: URL;
  readonly cookie: string;
}

/** Opens the page and sends its form. */
async function begin(url: string, user = 'ada'): Promise<Begun> {
  const page = await open(url, user);
  const text = await page.text();
  assert.equal(page.status, 200, text);
  const cookie = page.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const token = /name="form_token" value="([\w-]+)"/.exec(text)?.[1] ?? '';
  const sent = await open(url, user, cookie, {
    method: 'POST',
    headers: { origin: new URL(url).origin },
    body: new URLSearchParams({ form_token: token }),
  });
  const onward = sent.headers.get('refresh')?.split('url=')[1];
  assert.ok(onward !== undefined, await sent.text());
  return { authorization: new URL(onward), cookie };
}

/** Comes back from the authorization server. */
function comeBack(
  { authorization, cookie }: Begun,
  change: Readonly<Record<string, string>> = {},
  user = 'ada',
): Promise<Response> {
  const callback = new URL(authorization.searchParams.get('redirect_uri') ?? '');
  const answer = {
    code: 'c',
    state: authorization.searchParams.get('state') ?? '',
    iss: upstream.origin,
    ...change,
  };
  for (const [name, value] of Object.entries(answer))
    if (value !== '') callback.searchParams.set(name, value);
  return open(callback.href, user, cookie);
}

async function connect(of: Broker, challenge = unauthorized): Promise<void> {
  const back = await comeBack(await begin(await connectUrl(of, challenge)));
  assert.equal(back.status, 200, await back.text());
}

const authorizationOf = ({ headers }: UpstreamCredential): string | undefined => headers['Authorization'];

test('a user connects an account, and the calls of that user alone carry its token', async () => {
  const gateway = await replica();
  assert.equal(authorizationOf(await credential(gateway)), undefined);
  const begun = await begin(await connectUrl(gateway));
  const asked = Object.fromEntries(begun.authorization.searchParams);
  assert.equal(asked['resource'], upstream.url);
  assert.equal(asked['scope'], 'read');
  assert.equal(asked['code_challenge_method'], 'S256');
  assert.equal((await comeBack(begun)).status, 200);
  assert.equal(authorizationOf(await credential(gateway)), 'Bearer first');
  assert.equal(authorizationOf(await credential(gateway, bob)), undefined);
  const [form] = upstream.tokenForms;
  assert.equal(form?.get('resource'), upstream.url);
  assert.ok((form?.get('code_verifier') ?? '').length >= 43);
  assert.deepEqual(upstream.registrations[0]?.['application_type'], 'native');
});

test('nothing of it can be read in the store', async () => {
  const gateway = await replica();
  await connect(gateway);
  const stored = JSON.stringify(await documents.find('vault', { limit: 100 }));
  for (const secret of ['first', 'r1', 'client-1']) assert.ok(!stored.includes(`"${secret}"`));
});

test('the page says which server, which user and what is asked, and nobody may frame it', async () => {
  const gateway = await replica();
  const page = await open(await connectUrl(gateway), 'ada');
  const text = await page.text();
  for (const part of ['files', upstream.url, upstream.origin, 'ada', 'read'])
    assert.ok(text.includes(part), part);
  assert.match(page.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
});

test("another user's browser gets no further, at the link and at the way back", async () => {
  const gateway = await replica();
  const url = await connectUrl(gateway);
  assert.equal((await open(url, 'bob')).status, 403);
  const begun = await begin(url);
  assert.equal((await comeBack(begun, {}, 'bob')).status, 403);
  assert.equal(authorizationOf(await credential(gateway)), undefined);
  assert.equal(upstream.tokenForms.length, 0);
});

test('a browser without a login is sent to log in, or turned away', async () => {
  const gateway = await replica();
  assert.equal((await open(await connectUrl(gateway), undefined)).status, 403);
  const loginUrl = (returnTo: string): string => `/as/login?return_to=${encodeURIComponent(returnTo)}`;
  const withLogin = await replica({}, { loginUrl });
  const sent = await open(await connectUrl(withLogin), undefined);
  assert.equal(sent.status, 303);
  assert.match(sent.headers.get('location') ?? '', /^\/as\/login\?return_to=%2Fconnect%2F/);
});

test('another browser of the same user cannot finish what this one began', async () => {
  const gateway = await replica();
  const begun = await begin(await connectUrl(gateway));
  const stolen = await comeBack({ ...begun, cookie: 'bartizan-login=x' });
  assert.equal(stolen.status, 403);
  assert.equal(upstream.tokenForms.length, 0);
});

test('a link is good once, and for ten minutes', async () => {
  const gateway = await replica();
  const used = await connectUrl(gateway);
  await begin(used);
  assert.equal((await open(used, 'ada')).status, 410);
  const late = await connectUrl(gateway);
  assert.notEqual(late, used);
  skew = 601_000;
  assert.equal((await open(late, 'ada')).status, 410);
  assert.equal((await open(`${gateway.origin}/connect/${'x'.repeat(43)}`, 'ada')).status, 410);
});

test('looking at a link does not use it up, and calls share it until then', async () => {
  const gateway = await replica();
  const url = await connectUrl(gateway);
  assert.equal((await open(url, 'ada')).status, 200);
  assert.equal(await connectUrl(gateway), url);
});

test('a form from another site does not begin anything', async () => {
  const gateway = await replica();
  const url = await connectUrl(gateway);
  for (const origin of ['https://evil.example', 'null']) {
    const body = new URLSearchParams({ form_token: 'x' });
    assert.equal((await open(url, 'ada', '', { method: 'POST', headers: { origin }, body })).status, 403);
  }
  assert.equal((await open(url, 'ada')).status, 200);
});

test('a state counts once', async () => {
  const gateway = await replica();
  const begun = await begin(await connectUrl(gateway));
  const both = await Promise.all([comeBack(begun), comeBack(begun)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 410]);
  assert.equal(upstream.tokenForms.length, 1);
});

for (const [what, iss] of [
  ['another', 'https://evil.example'],
  ['none', ''],
  ['one with a slash more', 'slash'],
] as const) {
  test(`an answer whose issuer is ${what} is not used, as success or as error`, async () => {
    const gateway = await replica();
    for (const outcome of [{}, { error: 'access_denied', code: '' }]) {
      const begun = await begin(await connectUrl(gateway));
      const back = await comeBack(begun, { iss: iss === 'slash' ? `${upstream.origin}/` : iss, ...outcome });
      assert.equal(back.status, 502);
      assert.match(await back.text(), /not from the authorization server that was asked/);
    }
    assert.equal(upstream.tokenForms.length, 0);
  });
}

test('a refusal of the authorization server is told with its code', async () => {
  const gateway = await replica();
  const back = await comeBack(await begin(await connectUrl(gateway)), { error: 'access_denied', code: '' });
  assert.match(await back.text(), /access_denied/);
});

for (const [what, change, words] of [
  ['names another issuer', { metadata: { issuer: 'https://evil.example' } }, /not exactly/],
  ['has a slash more in its issuer', { metadata: { issuer: 'slash' } }, /not exactly/],
  ['does not speak of S256', { metadata: { code_challenge_methods_supported: undefined } }, /PKCE with S256/],
  ['knows only plain', { metadata: { code_challenge_methods_supported: ['plain'] } }, /PKCE with S256/],
  [
    'has an endpoint without TLS',
    { metadata: { token_endpoint: 'http://evil.example/token' } },
    /does not begin with https/,
  ],
  [
    'wants the browser to run a script',
    { metadata: { authorization_endpoint: 'javascript:alert(1)' } },
    /does not begin with https/,
  ],
  ['is not the one of this resource', { resource: { resource: 'https://evil.example/mcp' } }, /is about/],
  ['names no server', { resource: { authorization_servers: [] } }, /names no authorization server/],
  [
    'leads into the network',
    { resource: { authorization_servers: ['https://169.254.169.254'] } },
    /169\.254\.169\.254/,
  ],
] as const) {
  test(`metadata that ${what} is not followed`, async () => {
    const gateway = await replica();
    const script = change as { metadata?: Record<string, unknown>; resource?: Record<string, unknown> };
    const { issuer } = script.metadata ?? {};
    upstream.script.metadata = {
      ...script.metadata,
      ...(issuer === 'slash' && { issuer: `${upstream.origin}/` }),
    };
    upstream.script.resource = script.resource ?? {};
    const page = await open(await connectUrl(gateway), 'ada');
    assert.equal(page.status, 502);
    assert.match(await page.text(), words);
    assert.equal(upstream.registrations.length, 0);
  });
}

test('with another authorization server the gateway registers anew, and shows nothing of the old one', async () => {
  const gateway = await replica();
  await connect(gateway);
  const next = await scriptedServer();
  ends.push(next.close);
  next.script.token = () => ({ access_token: 'other', token_type: 'Bearer' });
  upstream.script.resource = { authorization_servers: [next.origin] };
  const asked = await renew(await credential(gateway));
  assert.ok('kind' in asked);
  const before = upstream.tokenForms.length;
  const begun = await begin(asked.url);
  assert.equal(begun.authorization.origin, next.origin);
  const back = await comeBack(begun, { iss: next.origin });
  assert.equal(back.status, 200);
  assert.equal(next.registrations.length, 1);
  assert.equal(upstream.tokenForms.length, before);
  assert.ok(!JSON.stringify(next.tokenForms.map(String)).includes('r1'));
  assert.equal(authorizationOf(await credential(gateway)), 'Bearer other');
});

test('a configured secret goes to the authorization server that it was first used at, and to no other', async () => {
  const gateway = await replica({ clientId: 'mine', clientSecret: 's3cret' });
  await connect(gateway);
  const evil = await scriptedServer();
  ends.push(evil.close);
  upstream.script.resource = { authorization_servers: [evil.origin] };
  const asked = await renew(await credential(gateway));
  assert.ok('kind' in asked);
  const page = await open(asked.url, 'ada');
  const cookie = page.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const token = /name="form_token" value="([\w-]+)"/.exec(await page.text())?.[1] ?? '';
  const sent = await open(asked.url, 'ada', cookie, {
    method: 'POST',
    headers: { origin: gateway.origin },
    body: new URLSearchParams({ form_token: token }),
  });
  assert.equal(sent.status, 502);
  assert.match(await sent.text(), /its configured client belongs to/);
  assert.equal(evil.tokenForms.length, 0);
});

test('scopes that the server asks for later are asked of the user together with those before', async () => {
  const gateway = await replica();
  await connect(gateway);
  const more: UpstreamChallenge = {
    status: 403,
    authenticate: 'Bearer error="insufficient_scope", scope="write"',
    nonce: undefined,
  };
  const begun = await begin(await connectUrl(gateway, more));
  assert.equal(begun.authorization.searchParams.get('scope'), 'read write');
  assert.equal((await comeBack(begun)).status, 200);
  // What was just granted is asked for once more, and then no longer.
  await connect(gateway, more);
  const refused = await renew(await credential(gateway), more);
  assert.ok(refused instanceof Refusal);
  assert.match(refused.detail, /has just granted/);
});

test('a plain 403 is no question of scopes', async () => {
  const gateway = await replica();
  await connect(gateway);
  const refused = await renew(await credential(gateway), {
    status: 403,
    authenticate: undefined,
    nonce: undefined,
  });
  assert.ok(refused instanceof Refusal);
});

test('the metadata document of the gateway says what it is', async () => {
  const gateway = await replica();
  const document = (await (await open(`${gateway.origin}/connect/client.json`, undefined)).json()) as Record<
    string,
    unknown
  >;
  assert.equal(document['client_id'], `${gateway.origin}/connect/client.json`);
  assert.deepEqual(document['redirect_uris'], [`${gateway.origin}/connect/callback`]);
});

test('a metadata document is preferred to a registration', async () => {
  upstream.script.metadata = { client_id_metadata_document_supported: true };
  const clientMetadataUrl = 'https://gw.example/connect/client.json';
  const gateway = await replica({}, { clientMetadataUrl });
  const begun = await begin(await connectUrl(gateway));
  assert.equal(begun.authorization.searchParams.get('client_id'), clientMetadataUrl);
  assert.equal(upstream.registrations.length, 0);
});

test('an expired token is renewed once for all who need it, on all replicas', async () => {
  const one = await replica();
  await connect(one);
  const two = await replica();
  let refreshes = 0;
  upstream.script.token = async (form) => {
    assert.equal(form.get('refresh_token'), 'r1');
    refreshes += 1;
    await new Promise((resolve) => setTimeout(resolve, 60));
    return { access_token: 'second', token_type: 'Bearer', expires_in: 3600, refresh_token: 'r2' };
  };
  skew = 3_600_000;
  const all = await Promise.all([one, two, one, two, one].map((gateway) => credential(gateway)));
  assert.deepEqual([...new Set(all.map(authorizationOf))], ['Bearer second']);
  assert.equal(refreshes, 1);
});

test('a token that the server turns down is renewed, with the rotated refresh token the next time', async () => {
  const gateway = await replica();
  await connect(gateway);
  const used: (string | null)[] = [];
  upstream.script.token = (form) => {
    used.push(form.get('refresh_token'));
    return { access_token: `t${used.length}`, token_type: 'Bearer', refresh_token: `n${used.length}` };
  };
  const first = await renew(await credential(gateway));
  assert.ok(isCredential(first));
  assert.equal(authorizationOf(first), 'Bearer t1');
  const second = await renew(await credential(gateway));
  assert.ok(isCredential(second));
  assert.deepEqual(used, ['r1', 'n1']);
});

test('a rotated token that cannot be kept is not used', async () => {
  const one = await replica();
  await connect(one);
  upstream.script.token = () => ({ access_token: 'second', token_type: 'Bearer', refresh_token: 'r2' });
  const { put } = documents;
  let writes = 0;
  // The first write takes the lease.
  const failing = {
    ...documents,
    put: (...args: Parameters<typeof put>) =>
      ++writes > 1 ? Promise.reject(new Error('full')) : put(...args),
  };
  const two = await replica({}, { vault: createVault({ documents: failing, kek }) });
  const got = await renew(await credential(two));
  assert.ok(got instanceof Refusal);
});

test('a refresh token that was revoked becomes the question to connect again, and is shown no more', async () => {
  const gateway = await replica();
  await connect(gateway);
  upstream.script.token = () => ({ status: 400, error: 'invalid_grant' });
  const before = upstream.tokenForms.length;
  const asked = await renew(await credential(gateway));
  assert.ok('kind' in asked);
  const again = await renew(await credential(gateway));
  assert.ok('kind' in again);
  assert.equal(upstream.tokenForms.length, before + 1);
  assert.ok(
    gateway.events.some((event) => event.startsWith('token not renewed') && event.includes('invalid_grant')),
  );
});

test('an authorization server out of reach costs nobody the connection', async () => {
  const gateway = await replica();
  await connect(gateway);
  const works = upstream.script.token;
  upstream.script.token = () => ({ status: 503 });
  assert.ok((await renew(await credential(gateway))) instanceof Refusal);
  upstream.script.token = works;
  assert.ok(isCredential(await renew(await credential(gateway))));
});

test('tokens bound to a key are asked for with a proof, and every request has a fresh one', async () => {
  const gateway = await replica({ dpop: true });
  const proofs: unknown[] = [];
  upstream.script.token = (_form, { headers }) => {
    proofs.push(headers['dpop']);
    if (proofs.length === 1)
      return { status: 400, error: 'use_dpop_nonce', headers: { 'dpop-nonce': 'as-1' } };
    return { access_token: 'bound', token_type: 'DPoP' };
  };
  await connect(gateway);
  const claims = (proof: unknown): Record<string, unknown> =>
    JSON.parse(Buffer.from(String(proof).split('.')[1] ?? '', 'base64url').toString());
  assert.equal(claims(proofs[1])['nonce'], 'as-1');
  const given = await credential(gateway);
  assert.equal(authorizationOf(given), 'DPoP bound');
  const [first, second] = [1, 2].map(() => claims(given.prove?.('POST', upstream.url)['DPoP']));
  assert.equal(first?.['htu'], upstream.url);
  assert.notEqual(first?.['jti'], second?.['jti']);
  const challenge: UpstreamChallenge = {
    status: 401,
    authenticate: 'DPoP error="use_dpop_nonce"',
    nonce: 'rs-1',
  };
  const next = await renew(given, challenge);
  assert.ok(isCredential(next));
  assert.equal(claims(next.prove?.('POST', upstream.url)['DPoP'])['nonce'], 'rs-1');
  assert.equal(await credential(gateway), next);
  assert.ok((await renew(next, challenge)) instanceof Refusal);
});

test('a token that is not bound to the key is not taken', async () => {
  const gateway = await replica({ dpop: true });
  const back = await comeBack(await begin(await connectUrl(gateway)));
  assert.equal(back.status, 502);
  assert.match(await back.text(), /not bound to a key/);
});

test("agents of one user share a connection, and the user's token never goes out", async () => {
  const gateway = await replica();
  await connect(gateway);
  const other = testSubject({ agent: { id: 'other-agent' } });
  assert.equal(authorizationOf(await credential(gateway, other)), 'Bearer first');
});
