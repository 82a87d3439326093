import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { Agent, request } from 'node:https';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import type { PeerCertificate, TlsIdentity } from '../../src/pipeline/ports.ts';
import { selfSigned, type TestCertificate } from '../fixtures/certificates.ts';
import { listeningFront } from './listening-front.ts';

const call = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: {
    name: 'x',
    arguments: {},
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
});

/** An identity whose certificate can be changed. */
function changeable(
  first: TestCertificate,
): TlsIdentity & { readonly change: (next: TestCertificate) => void } {
  let now = first;
  const listeners = new Set<() => void>();
  return {
    material: () => now,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    change: (next) => {
      now = next;
      for (const listener of listeners) listener();
    },
  };
}

interface Answered {
  readonly status: number;
  readonly shown: string;
}

function post(url: string, agent: Agent): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/mcp/files`,
      {
        method: 'POST',
        agent,
        headers: {
          authorization: 'Bearer ada',
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': 'x',
        },
      },
      (response) => {
        const socket = response.socket as TLSSocket;
        const shown = socket.getPeerCertificate().fingerprint256;
        response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, shown }));
      },
    );
    sent.on('error', reject);
    sent.end(call);
  });
}

function agentOf(t: TestContext, client?: TestCertificate): Agent {
  const own = client && { cert: client.certificate, key: client.key };
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false, ...own });
  t.after(() => agent.destroy());
  return agent;
}

const fingerprint = ({ certificate }: TestCertificate): string =>
  new X509Certificate(certificate).fingerprint256;

test('a front with a certificate speaks https and shows the client certificate to whoever identifies', async (t) => {
  const [server, client] = [await selfSigned('CN=server'), await selfSigned('CN=client')];
  const seen: (PeerCertificate | undefined)[] = [];
  const script = (
    _call: unknown,
    { arrival }: { readonly arrival: { readonly credentials: { certificate?: PeerCertificate } } },
  ) => {
    seen.push(arrival.credentials.certificate);
    return { resultType: 'complete', content: [] };
  };
  const front = await listeningFront(t, script, { tls: { identity: changeable(server), askClients: true } });
  assert.match(front.url, /^https:/);
  assert.equal((await post(front.url, agentOf(t, client))).status, 200);
  assert.equal((await post(front.url, agentOf(t))).status, 200);
  const der = new X509Certificate(client.certificate).raw;
  assert.deepEqual(Buffer.from(seen[0]?.chain[0] ?? []), der);
  assert.equal(
    seen[0]?.thumbprint,
    Buffer.from(fingerprint(client).replaceAll(':', ''), 'hex').toString('base64url'),
  );
  assert.equal(seen[1], undefined);
});

test('a certificate that nobody asked for is not taken', async (t) => {
  const [server, client] = [await selfSigned(), await selfSigned()];
  const seen: unknown[] = [];
  const front = await listeningFront(
    t,
    (_call, { arrival }) => {
      seen.push(arrival.credentials.certificate);
      return { resultType: 'complete', content: [] };
    },
    { tls: { identity: changeable(server), askClients: false } },
  );
  assert.equal((await post(front.url, agentOf(t, client))).status, 200);
  assert.deepEqual(seen, [undefined]);
});

test('a new certificate is shown to new connections, and standing ones live on', async (t) => {
  const [first, second] = [await selfSigned('CN=first'), await selfSigned('CN=second')];
  const identity = changeable(first);
  const front = await listeningFront(t, () => ({ resultType: 'complete', content: [] }), {
    tls: { identity, askClients: true },
  });
  const standing = agentOf(t);
  assert.equal((await post(front.url, standing)).shown, fingerprint(first));
  identity.change(second);
  assert.equal((await post(front.url, standing)).shown, fingerprint(first));
  assert.equal((await post(front.url, agentOf(t))).shown, fingerprint(second));
});

test('requests that come while the gateway starts are served when it has started', async (t) => {
  const starting = Promise.withResolvers<void>();
  const front = await listeningFront(t, () => ({ resultType: 'complete', content: [] }), {
    ready: starting.promise,
  });
  const answered = fetch(`${front.url}/healthz`);
  assert.equal(await Promise.race([answered, pause(50, 'waiting')]), 'waiting');
  starting.resolve();
  assert.equal((await answered).status, 200);
});

test('a mount answers below its paths, and only under a host name of the gateway', async (t) => {
  const mount = {
    paths: ['/as'],
    serve: (_: unknown, response: { end: (text: string) => void }) => response.end('mounted'),
  };
  const front = await listeningFront(t, () => ({}), { mounts: () => [mount] });
  assert.equal(await (await fetch(`${front.url}/as/token`)).text(), 'mounted');
  assert.equal((await fetch(`${front.url}/assets`)).status, 404);
  const foreign = await new Promise<number>((resolve, reject) => {
    import('node:http')
      .then(({ get }) =>
        get(`${front.url}/as`, { headers: { host: 'evil.example' } }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        }).on('error', reject),
      )
      .catch(reject);
  });
  assert.equal(foreign, 403);
});
