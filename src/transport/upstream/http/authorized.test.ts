import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { selfSigned } from '../../../../test/fixtures/certificates.ts';
import {
  callTool,
  json,
  type Leg,
  legTo,
  listenOn,
  never,
  refusalOf,
  resultOf,
  scopeOf,
  server,
} from '../../../../test/upstream/bench.ts';
import type { JsonObject } from '../../../model/json.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import type { RelayOrder, UpstreamChallenge, UpstreamCredential } from '../../../pipeline/ports.ts';
import { sseEvent } from '../../../wire/sse.ts';

const ends: (() => Promise<void>)[] = [];
after(async () => {
  for (const end of ends.reverse()) await end();
});

interface Seen {
  readonly method: string;
  readonly rpc: unknown;
  readonly authorization: string | undefined;
  readonly proof: string | undefined;
}

const challenge = 'Bearer error="invalid_token"';

type Serve = (req: IncomingMessage, res: ServerResponse, message: JsonObject) => void;

/** An upstream that takes only `good`, in front of what serves. */
async function guarded(
  serve: Serve,
  settings: Parameters<typeof legTo>[0] = {},
): Promise<{ leg: Leg; seen: Seen[] }> {
  const seen: Seen[] = [];
  const take = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = await buffer(req);
    const message = (body.length === 0 ? {} : JSON.parse(body.toString())) as JsonObject;
    const { authorization, dpop } = req.headers;
    const proof = typeof dpop === 'string' ? dpop : undefined;
    seen.push({ method: req.method ?? '', rpc: message['method'], authorization, proof });
    if (authorization === 'Bearer good') serve(req, res, message);
    else res.writeHead(401, { 'www-authenticate': challenge, 'dpop-nonce': 'n1' }).end();
  };
  const upstream = await listenOn((req, res) => void take(req, res));
  const leg = legTo({ url: `${upstream.url}?tenant=1`, ...settings });
  ends.push(upstream.close, leg.close);
  return { leg, seen };
}

const prove = (method: string, url: string): Record<string, string> => ({
  DPoP: `${method} ${new URL(url).pathname}`,
});
const bearer = (token: string, renew?: UpstreamCredential['renew']): UpstreamCredential => ({
  headers: { Authorization: `Bearer ${token}` },
  prove,
  ...(renew && { renew }),
});

async function orderWith(credential: UpstreamCredential): Promise<RelayOrder> {
  const order = await callTool('t');
  return { ...order, scope: { ...order.scope, credential } };
}

const modern: Serve = (_req, res, message) =>
  json(res, message, {
    resultType: 'complete',
    content: [],
    supportedVersions: ['2026-07-28'],
    capabilities: {},
    tools: [],
  });

test('a credential that is turned down is renewed once, and the same call goes on', async () => {
  const { leg, seen } = await guarded(modern, { era: 'modern' });
  const asked: UpstreamChallenge[] = [];
  const credential = bearer('old', async (given) => {
    asked.push(given);
    return bearer('good');
  });
  const order = await orderWith(credential);
  assert.equal(resultOf(await leg.relay(order, never))['resultType'], 'complete');
  assert.deepEqual(asked, [{ status: 401, authenticate: challenge, nonce: 'n1' }]);
  assert.deepEqual(
    seen.map(({ authorization }) => authorization),
    ['Bearer old', 'Bearer good'],
  );
  // The old one is known to be of no use.
  resultOf(await leg.relay(order, never));
  assert.equal(seen.length, 3);
  assert.equal(asked.length, 1);
});

test('calls that are turned down together ask for one renewal', async () => {
  const { leg } = await guarded(modern, { era: 'modern' });
  let renewals = 0;
  const order = await orderWith(
    bearer('old', async () => {
      renewals += 1;
      await new Promise((resolve) => setTimeout(resolve, 30));
      return bearer('good');
    }),
  );
  await Promise.all(Array.from({ length: 5 }, async () => resultOf(await leg.relay(order, never))));
  assert.equal(renewals, 1);
});

test('what the user has to do first reaches the caller as a question', async () => {
  const { leg } = await guarded(modern, { era: 'modern' });
  const url = 'https://gw.example/connect/x';
  const order = await orderWith(
    bearer('old', async () => ({ kind: 'connect', url, elicitationId: 'x', message: 'connect' })),
  );
  const refusal = refusalOf(await leg.relay(order, never));
  assert.equal(refusal.code, 'connection_required');
  assert.equal(refusal.data?.['url'], url);
});

for (const [name, renew] of [
  ['is refused', async () => refuse('upstream_failed', 'no way')],
  ['fails', () => Promise.reject(new Error('broken'))],
] as const) {
  test(`a renewal that ${name} ends the call, and nothing is sent again`, async () => {
    const { leg, seen } = await guarded(modern, { era: 'modern' });
    assert.equal(
      refusalOf(await leg.relay(await orderWith(bearer('old', renew)), never)).code,
      'upstream_failed',
    );
    assert.equal(seen.length, 1);
  });
}

test('renewals that never help come to an end', async () => {
  const { leg, seen } = await guarded(modern, { era: 'modern' });
  const renew = (): Promise<UpstreamCredential> => Promise.resolve(bearer('bad', renew));
  assert.equal(
    refusalOf(await leg.relay(await orderWith(bearer('bad', renew)), never)).code,
    'upstream_failed',
  );
  assert.equal(seen.length, 3);
});

const legacy: Serve = (req, res, message) => {
  if (req.method === 'GET') return void res.writeHead(405).end();
  if (req.method === 'DELETE') return void res.writeHead(200).end();
  if (message['id'] === undefined) return void res.writeHead(202).end();
  const opened = {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 's', version: '1' },
  };
  if (message['method'] === 'initialize') res.setHeader('mcp-session-id', 's1');
  json(res, message, message['method'] === 'initialize' ? opened : { content: [], tools: [] });
};

test('every request of a session, its end included, shows a proof of its own and profits from the renewal', async () => {
  const { leg, seen } = await guarded(legacy, { era: 'auto' });
  const order = await orderWith(bearer('old', async () => bearer('good')));
  resultOf(await leg.relay(order, never));
  await leg.close();
  const methods = new Set(seen.map(({ method }) => method));
  assert.deepEqual([...methods].sort(), ['DELETE', 'GET', 'POST']);
  for (const { method, proof } of seen) assert.equal(proof, `${method} /mcp`);
  // The probe was turned down once, and after that everything went through at once.
  assert.equal(seen.filter(({ authorization }) => authorization === 'Bearer old').length, 1);
});

test('a session whose user must connect first begins when that is done', async () => {
  const { leg } = await guarded(legacy, { era: 'legacy', transport: 'http' });
  const connect = async () => ({ kind: 'connect', url: 'u', elicitationId: 'x', message: 'm' }) as const;
  for (let time = 0; time < 4; time++) {
    const refusal = refusalOf(await leg.relay(await orderWith(bearer('none', connect)), never));
    assert.equal(refusal.code, 'connection_required');
  }
  resultOf(await leg.relay(await orderWith(bearer('good')), never));
});

test('the stream of 2024-11-05 asks the user to connect, and opens later', async () => {
  let stream: ServerResponse | undefined;
  const sse: Serve = (req, res, message) => {
    if (req.method === 'GET') {
      stream = res.writeHead(200, { 'content-type': 'text/event-stream' });
      return void res.write(sseEvent('/messages', { event: 'endpoint' }));
    }
    res.writeHead(202).end();
    const opened = {
      protocolVersion: '2024-11-05',
      capabilities: {},
      serverInfo: { name: 's', version: '1' },
    };
    const result = message['method'] === 'initialize' ? opened : { content: [] };
    if (message['id'] !== undefined)
      stream?.write(sseEvent(JSON.stringify({ jsonrpc: '2.0', id: message['id'], result })));
  };
  const { leg, seen } = await guarded(sse, { transport: 'sse' });
  const connect = async () => ({ kind: 'connect', url: 'u', elicitationId: 'x', message: 'm' }) as const;
  for (let time = 0; time < 4; time++) {
    const refusal = refusalOf(await leg.relay(await orderWith(bearer('none', connect)), never));
    assert.equal(refusal.code, 'connection_required');
  }
  resultOf(await leg.relay(await orderWith(bearer('good')), never));
  assert.ok(seen.some(({ method, proof }) => method === 'POST' && proof === 'POST /messages'));
});

test('lists and streams of changes are renewed too', async () => {
  const serve: Serve = (req, res, message) => {
    if (message['method'] !== 'subscriptions/listen') return modern(req, res, message);
    const acknowledged = {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: {} },
    };
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(sseEvent(JSON.stringify(acknowledged)));
    return undefined;
  };
  const { leg } = await guarded(serve, { era: 'modern' });
  const scope = { ...scopeOf(), credential: bearer('old', async () => bearer('good')) };
  const listed = await leg.items(server, 'tool', scope, never);
  assert.ok(!(listed instanceof Refusal));
  const { permit } = await callTool('t');
  const stop = new AbortController();
  const fresh = { ...scopeOf(), credential: bearer('old', async () => bearer('good')) };
  const filter = {
    toolsListChanged: true,
    promptsListChanged: false,
    resourcesListChanged: false,
    resourceSubscriptions: [],
  };
  const ready = Promise.withResolvers<void>();
  const ended = leg.listen(
    { permit, server, filter, scope: fresh, ready: ready.resolve, notify: async () => undefined },
    stop.signal,
  );
  await ready.promise;
  stop.abort();
  await ended;
});

test('a proof that cannot be made sends nothing', async () => {
  const { leg, seen } = await guarded(modern, { era: 'modern' });
  const credential: UpstreamCredential = {
    headers: { Authorization: 'Bearer good' },
    prove: () => {
      throw new Error('no key');
    },
  };
  assert.equal(refusalOf(await leg.relay(await orderWith(credential), never)).code, 'upstream_failed');
  assert.equal(seen.length, 0);
});

/** A server that says who called it, over mutual TLS. */
async function mutual(): Promise<{ url: string; certificate: Uint8Array }> {
  const own = await selfSigned('CN=server');
  const listener: RequestListener = (req, res) => {
    const socket = req.socket as unknown as { getPeerCertificate: () => { subject?: { CN?: string } } };
    const caller = socket.getPeerCertificate().subject?.CN ?? 'nobody';
    void buffer(req).then((body) => {
      const answer = (): void => json(res, JSON.parse(body.toString()), { resultType: 'complete', caller });
      setTimeout(answer, req.headers['x-slow'] === '1' ? 300 : 0);
    });
  };
  const https = createServer(
    { cert: own.certificate, key: own.key, requestCert: true, rejectUnauthorized: false },
    listener,
  );
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
  ends.push(
    () =>
      new Promise((resolve) => {
        https.close(() => resolve());
        https.closeAllConnections();
      }),
  );

  const url = `https://127.0.0.1:${(https.address() as AddressInfo).port}/mcp`;
  return { url, certificate: new X509Certificate(own.certificate).raw };
}

test('a certificate that changed is shown by new calls, and a running one ends in peace', async () => {
  const { url, certificate } = await mutual();
  const judge = ([first]: readonly Uint8Array[]): Refusal | undefined =>
    Buffer.from(certificate).equals(first ?? new Uint8Array())
      ? undefined
      : refuse('upstream_failed', 'a stranger');
  let shown = { ...(await selfSigned('CN=one')), judge };
  const leg = legTo({ url, era: 'modern', tls: () => shown });
  ends.push(leg.close);
  const slow = leg.relay(await orderWith({ headers: { 'x-slow': '1' } }), never);
  await new Promise((resolve) => setTimeout(resolve, 150));
  shown = { ...(await selfSigned('CN=two')), judge };
  const next = resultOf(await leg.relay(await orderWith({ headers: {} }), never));
  assert.equal(next['caller'], 'two');
  assert.equal(resultOf(await slow)['caller'], 'one');
});

test('a server whose certificate is not trusted hears nothing', async () => {
  const { url } = await mutual();
  const shown = {
    ...(await selfSigned('CN=one')),
    judge: () => refuse('upstream_failed', 'of another trust domain'),
  };
  const leg = legTo({ url, era: 'modern', tls: () => shown });
  ends.push(leg.close);
  const refusal = refusalOf(await leg.relay(await orderWith({ headers: {} }), never));
  assert.match(refusal.detail, /not trusted: of another trust domain/);
});

test('without a certificate nothing is sent', async () => {
  const { url } = await mutual();
  const leg = legTo({
    url,
    era: 'modern',
    tls: () => {
      throw new Error('no SVID yet');
    },
  });
  ends.push(leg.close);
  assert.match(refusalOf(await leg.relay(await orderWith({ headers: {} }), never)).detail, /no SVID yet/);
});
