import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../src/gateway/system-clock.ts';
import type { Workload } from '../../../src/identity/spiffe/contract.ts';
import { createWorkload } from '../../../src/identity/spiffe/workload.ts';
import { openTask, type TaskOrder } from '../../../src/task/open-task.ts';
import { type Caller, connect } from '../connect.ts';
import { type RealGateway, startGateway } from '../gateway.ts';
import {
  type Domains,
  fetchJwt,
  fetchX509,
  mintX509,
  ownProgram,
  type Pair,
  startDomains,
} from './domains.ts';
import { forgeJwt, forgeX509 } from './forge.ts';
import { spireVersion } from './install.ts';
import { spiffeFetch } from './mtls-client.ts';
import { type MtlsServer, startMtlsServer } from './mtls-server.ts';
import { until } from './running.ts';

const gatewayId = 'spiffe://alpha.test/gateway';
const builder = 'spiffe://alpha.test/agent/builder';
const tester = 'spiffe://alpha.test/agent/tester';
const janitor = 'spiffe://alpha.test/janitor';
const partner = 'spiffe://beta.test/agent/partner';
const upstreamId = 'spiffe://beta.test/mcp';
const stranger = 'spiffe://beta.test/agent/builder';
const limit = { timeout: 60_000 };
const clock = systemClock();
const exchangeType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

let domains: Domains;
let gateway: RealGateway;
let observer: Workload;
let upstream: MtlsServer;
let journal: string;
let endpoint: string;
let builderPair: Pair;
let testerPair: Pair;
const closing: (() => Promise<void>)[] = [];

before(async () => {
  domains = await startDomains();
  const { alpha, beta, fetcher, folder } = domains;
  const own = { id: gatewayId, program: ownProgram, federatesWith: ['beta.test'], seconds: 15 };
  const agents = [builder, tester, janitor].map((id) => ({ id, program: fetcher }));
  await alpha.server.enter(alpha.agent.id, [own, ...agents]);
  await beta.server.enter(
    beta.agent.id,
    [stranger, partner].map((id) => ({ id, program: fetcher })),
  );
  observer = createWorkload({
    ...{ socket: alpha.agent.address, federates: {}, environment: {} },
    ...{ clock, report: () => undefined },
  });
  await observer.ready();
  journal = join(folder, 'journal');
  writeFileSync(journal, '');
  const shown = await mintX509(beta.server, upstreamId, folder);
  upstream = await startMtlsServer(shown, observer.verifyPeer);
  gateway = await startGateway(settings());
  endpoint = `${gateway.origin}/mcp/github`;
  builderPair = await fetchX509(domains, alpha.agent, builder);
  testerPair = await fetchX509(domains, alpha.agent, tester);
}, limit);
after(async () => {
  await Promise.all(closing.map((close) => close()));
  observer?.close();
  await gateway?.stop();
  await upstream?.close();
  await domains?.stop();
});

function settings(): Parameters<typeof startGateway>[0] {
  const tool = fileURLToPath(new URL('../github-process.ts', import.meta.url));
  return {
    listen: { port: 0, tls: { spiffe: true, askClients: true } },
    spiffe: { socket: domains.alpha.agent.address },
    servers: {
      github: { command: process.execPath, args: [tool, journal] },
      greeter: { url: upstream.url, auth: { kind: 'workload-mtls', spiffeId: upstreamId } },
      misled: { url: upstream.url, auth: { kind: 'workload-mtls', spiffeId: partner } },
    },
    agents: [
      {
        id: 'spiffe://alpha.test/agent/*',
        authentication: ['x509-svid', 'jwt-svid'],
        templates: ['requests'],
      },
      { id: partner, authentication: ['x509-svid', 'jwt-svid'], templates: ['requests'] },
    ],
    tasks: { templates: { requests: { actions: ['github:create_pr'], calls: 5 } } },
  };
}

/** A `fetch` to the gateway that shows this certificate. */
function fetchAs(pair?: Pair): typeof fetch {
  const { fetch, close } = spiffeFetch(observer, clock, gatewayId, pair);
  closing.push(close);
  return fetch;
}

function jwtOf(id: string): (audience: string) => Promise<string> {
  const { agent } = id.startsWith('spiffe://beta.test/') ? domains.beta : domains.alpha;
  return (audience) => fetchJwt(domains, agent, id, audience);
}

function order(agent: string, more: Partial<TaskOrder>): TaskOrder {
  return { resource: endpoint, subjectToken: gateway.token, agent, template: 'requests', ...more };
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Asks for a task without any proof but the certificate of the connection. */
async function exchange(send: typeof fetch, agent: string, template = 'requests'): Promise<Answer> {
  const response = await send(`${gateway.origin}/as/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: exchangeType, client_id: agent, resource: endpoint, template },
      ...{ subject_token: gateway.token, subject_token_type: accessTokenType },
    }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

function claimsOf(token: unknown): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString());
}

async function opensRequest(caller: Caller, repo: string): Promise<void> {
  assert.deepEqual(await caller.tools(), ['create_pr']);
  assert.match(await caller.call('create_pr', { repo, title: 'fix' }), /opened/);
  await caller.close();
  assert.ok(reached().includes(repo));
}

function reached(): readonly string[] {
  return readFileSync(journal, 'utf8').split('\n').filter(Boolean);
}

test('the listener shows each new SVID to new connections and drops no old one', limit, async (t) => {
  const old = new Agent({ keepAlive: true, maxSockets: 1, ...tls() });
  t.after(() => old.destroy());
  const first = await get(old);
  const seen = new Set([first.serial]);
  const look = async (): Promise<boolean> => {
    const fresh = new Agent(tls());
    seen.add((await get(fresh)).serial);
    fresh.destroy();
    const again = await get(old);
    assert.deepEqual([again.port, again.serial, again.status], [first.port, first.serial, 200]);
    await sleep(200);
    return seen.size >= 4;
  };
  await until('three rotations were seen', look, 40_000);
  t.diagnostic(`SPIRE ${spireVersion}: ${seen.size - 1} rotations at the listener under one connection`);
});

function tls(): object {
  return { ...builderPair, rejectUnauthorized: false };
}

interface Got {
  readonly status: number | undefined;
  /** Of our end, which tells connections apart. */
  readonly port: number | undefined;
  /** Of the certificate that the gateway showed. */
  readonly serial: string;
}

async function get(agent: Agent): Promise<Got> {
  const options: RequestOptions = { agent, path: '/.well-known/oauth-protected-resource/mcp/github' };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(gateway.origin, options, resolve).on('error', reject).end();
  });
  answer.resume();
  const socket = answer.socket as TLSSocket;
  const got = {
    status: answer.statusCode,
    port: socket.localPort,
    serial: socket.getPeerCertificate().serialNumber,
  };
  await new Promise((resolve) => answer.once('end', resolve));
  return got;
}

test(
  'an agent with an X.509-SVID gets a task bound to its certificate, and calls with it',
  limit,
  async () => {
    const send = fetchAs(builderPair);
    const { status, body } = await exchange(send, builder);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body['token_type'], 'Bearer');
    const { client_id: client, act, cnf } = claimsOf(body['access_token']);
    assert.equal(client, builder);
    assert.deepEqual(act, { sub: builder, iss: 'spiffe://alpha.test' });
    assert.deepEqual(Object.keys(cnf as object), ['x5t#S256']);
    await opensRequest(await connect(endpoint, String(body['access_token']), send), 'acme/by-certificate');
  },
);

test('a task bound to a certificate is refused with another certificate and with none', limit, async () => {
  // A fresh one, because the key of another is the key of a task that has not ended.
  const pair = await mintX509(domains.alpha.server, builder, domains.folder);
  const { status, body } = await exchange(fetchAs(pair), builder);
  assert.equal(status, 200, JSON.stringify(body));
  const token = String(body['access_token']);
  assert.equal((await callOnce(fetchAs(pair), token)).status, 200);
  for (const other of [testerPair, builderPair, undefined]) {
    const response = await callOnce(fetchAs(other), token);
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
  }
  assert.equal((await callOnce(fetchAs(pair), token)).status, 200);
});

/** The first request of a client, without the client. */
function callOnce(send: typeof fetch, token: string): Promise<Response> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'real', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return send(endpoint, {
    method: 'POST',
    headers: {
      ...{ authorization: `Bearer ${token}`, accept: 'application/json, text/event-stream' },
      ...{ 'content-type': 'application/json', 'mcp-protocol-version': '2026-07-28' },
      'mcp-method': 'tools/list',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } }),
  });
}

test('an agent with a JWT-SVID gets a task bound to a fresh key, and calls with it', limit, async () => {
  const authentication = { method: 'jwt_svid', svid: jwtOf(tester) } as const;
  const task = await openTask(order(tester, { authentication, fetch: fetchAs() }));
  const { client_id: client, cnf } = claimsOf(task.token);
  assert.equal(client, tester);
  assert.deepEqual(Object.keys(cnf as object), ['jkt']);
  await opensRequest(await connect(endpoint, '', task.fetch), 'acme/by-token');
  assert.equal((await callOnce(fetchAs(testerPair), task.token)).status, 401);
  await task.end();
});

test('an agent with an X.509-SVID may bind its task to a key instead', limit, async () => {
  const task = await openTask(order(builder, { fetch: fetchAs(builderPair) }));
  assert.deepEqual(Object.keys(claimsOf(task.token)['cnf'] as object), ['jkt']);
  await opensRequest(await connect(endpoint, '', task.fetch), 'acme/by-key');
  await task.end();
});

test('a foreign workload that an entry names gets tasks too', limit, async () => {
  const pair = await fetchX509(domains, domains.beta.agent, partner);
  const { status, body } = await exchange(fetchAs(pair), partner);
  assert.equal(status, 200, JSON.stringify(body));
  const authentication = { method: 'jwt_svid', svid: jwtOf(partner) } as const;
  const task = await openTask(order(partner, { authentication, fetch: fetchAs() }));
  await task.end();
});

test('an SVID behind an intermediate counts on connections that a client would resume', limit, async (t) => {
  const pair = await mintX509(domains.beta.server, partner, domains.folder);
  // It connects for each request, with the session of the last one if the server gave any.
  const agent = new Agent({ ...pair, keepAlive: false, rejectUnauthorized: false });
  t.after(() => agent.destroy());
  for (let count = 0; count < 3; count += 1) {
    const { status, body } = await exchange(fetchOver(agent), partner, 'none of ours');
    assert.deepEqual([status, body['error']], [400, 'invalid_scope'], 'only its wish may be refused');
  }
});

/** As little of `fetch` as a form needs. */
function fetchOver(agent: Agent): typeof fetch {
  return (url, { method = 'GET', body, headers } = {}) =>
    new Promise((resolve, reject) => {
      const options = { agent, method, headers: headers as Record<string, string> };
      request(url as string, options, (answer) => {
        const init = { status: answer.statusCode ?? 0 };
        text(answer).then((read) => resolve(new Response(read, init)), reject);
      })
        .on('error', reject)
        .end(body);
    });
}

test('a foreign workload that no entry names gets nothing, by either SVID', limit, async () => {
  const pair = await fetchX509(domains, domains.beta.agent, stranger);
  await refused(exchange(fetchAs(pair), stranger));
  const authentication = { method: 'jwt_svid', svid: jwtOf(stranger) } as const;
  await assert.rejects(openTask(order(stranger, { authentication, fetch: fetchAs() })), {
    code: 'invalid_client',
  });
});

test('a workload of the own trust domain that no entry names gets nothing', limit, async () => {
  const pair = await fetchX509(domains, domains.alpha.agent, janitor);
  await refused(exchange(fetchAs(pair), janitor));
});

test('no SVID speaks for another agent than its own', limit, async () => {
  await refused(exchange(fetchAs(testerPair), builder));
  await refused(exchange(fetchAs(), builder));
  const authentication = { method: 'jwt_svid', svid: jwtOf(tester) } as const;
  await assert.rejects(openTask(order(builder, { authentication, fetch: fetchAs() })), {
    code: 'invalid_client',
  });
});

test(
  'an SVID that the authority of another trust domain signed is refused at the token endpoint',
  limit,
  async () => {
    const { server } = domains.beta;
    await refused(exchange(fetchAs(await forgeX509(server, builder, domains.folder)), builder));
    const svid = (audience: string): Promise<string> =>
      forgeJwt(server, { sub: builder, aud: [audience], exp: Math.floor(Date.now() / 1_000) + 60 });
    const authentication = { method: 'jwt_svid', svid } as const;
    await assert.rejects(openTask(order(builder, { authentication, fetch: fetchAs() })), {
      code: 'invalid_client',
    });
  },
);

test('a JWT-SVID for somebody else is refused at the token endpoint', limit, async () => {
  const svid = (): Promise<string> => jwtOf(builder)('https://elsewhere.test');
  const authentication = { method: 'jwt_svid', svid } as const;
  await assert.rejects(openTask(order(builder, { authentication, fetch: fetchAs() })), {
    code: 'invalid_client',
  });
});

async function refused(answer: Promise<Answer>): Promise<void> {
  const { status, body } = await answer;
  assert.deepEqual([status, body['error'], body['access_token']], [401, 'invalid_client', undefined]);
}

test(
  'the gateway shows its SVID to a server of the other trust domain, and knows it by its own',
  limit,
  async () => {
    const caller = await connect(`${gateway.origin}/mcp/greeter`, gateway.token, fetchAs());
    assert.deepEqual(await caller.tools(), ['greet']);
    for (let count = 0; count < 3; count += 1) assert.match(await caller.call('greet', {}), /good day/);
    await caller.close();
    assert.ok(upstream.callers.length >= 4, 'each request must have had a connection of its own');
    assert.deepEqual([...new Set(upstream.callers)], [gatewayId]);
  },
);

test('the gateway calls no server that is another workload than expected', limit, async () => {
  const before = upstream.requests();
  const refused = connect(`${gateway.origin}/mcp/misled`, gateway.token, fetchAs()).then(listed);
  await assert.rejects(refused, /the server behind the gateway did not answer properly/);
  assert.equal(upstream.requests(), before);
});

async function listed(caller: Caller): Promise<void> {
  try {
    await caller.tools();
  } finally {
    await caller.close();
  }
}

test('only the three calls that were granted reached the server', limit, () => {
  assert.deepEqual(reached(), ['acme/by-certificate', 'acme/by-token', 'acme/by-key']);
});

test('a gateway whose entry is struck out shows nothing any more', limit, async () => {
  const { server } = domains.alpha;
  const { entries } = (await server.ask('entry', 'show', '-spiffeID', gatewayId)) as {
    entries: { id: string }[];
  };
  for (const { id } of entries) await server.strikeOut(id);
  const isShown = async (): Promise<boolean> => {
    const agent = new Agent(tls());
    try {
      return (await get(agent)).status === 200;
    } catch {
      return false;
    } finally {
      agent.destroy();
    }
  };
  await until('no handshake succeeds', async () => !(await isShown()));
});
