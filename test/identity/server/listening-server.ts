import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { TLSSocket } from 'node:tls';
import { createAuthorizationServer } from '../../../src/identity/server/authorization-server.ts';
import type {
  AuthorizationServer,
  AuthorizationServerOptions,
  ServerSettings,
} from '../../../src/identity/server/options.ts';
import type { WrapKey } from '../../../src/identity/server/signing-keys.ts';
import type { PeerCertificate } from '../../../src/pipeline/ports.ts';
import type { Documents, ReplayCache } from '../../../src/pipeline/store-ports.ts';
import { memoryDocuments } from '../../../src/store/memory/documents.ts';
import { memoryHotState } from '../../../src/store/memory/hot-state.ts';
import { scriptedInteractions } from './scripted-interactions.ts';

/** A server that listens, with what a test needs of its inside. */
export interface Listening {
  readonly origin: string;
  readonly issuer: string;
  readonly server: AuthorizationServer;
  readonly documents: Documents;
  readonly replay: ReplayCache;
  readonly reports: readonly string[];
}

/** Options that a test changes. */
export type Changes = Partial<Omit<AuthorizationServerOptions, 'settings'>> & {
  readonly settings?: Partial<ServerSettings>;
  readonly tls?: ServerOptions;
};

const settings: ServerSettings = {
  accessTokenMinutes: 5,
  refreshTokenDays: 7,
  dynamicRegistration: false,
  clientMetadata: { enabled: true, allowedHosts: [] },
  clients: [{ id: 'app', name: 'An application', redirectUris: ['https://app.example/callback'] }],
};

/** Seals nothing, but binds what it is given to its additional data, so that a swap shows. */
export const plainWrapKey: WrapKey = {
  wrap: (bytes, aad) => Buffer.concat([digestOf(aad), bytes]),
  unwrap: (bytes, aad) => {
    if (!Buffer.from(bytes.subarray(0, 32)).equals(digestOf(aad)))
      throw new Error('sealed for something else');
    return bytes.subarray(32);
  },
};

function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** The certificate of the TLS connection, as the front reads it. */
export function socketCertificate({ socket }: IncomingMessage): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const { raw } = socket.getPeerCertificate();
  if (raw === undefined) return undefined;
  return { chain: [raw], thumbprint: createHash('sha256').update(raw).digest('base64url') };
}

/** Starts a server on a port of its own; ends with the test. `origin` lets a second replica stand behind one name. */
export async function listen(t: TestContext, changes: Changes = {}): Promise<Listening> {
  const { tls, settings: changedSettings, ...changed } = changes;
  const answer: { listener?: RequestListener } = {};
  const listener: RequestListener = (request, response) => answer.listener?.(request, response);
  const http: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  const sockets = new Set<Socket>();
  http.on('connection', (socket: Socket) => sockets.add(socket));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const here = `${tls === undefined ? 'http' : 'https'}://localhost:${port}`;
  const clock = { now: Date.now, uuid: () => crypto.randomUUID() };
  const documents = changed.documents ?? memoryDocuments(clock);
  const replay = changed.replay ?? memoryHotState(clock).replay;
  const reports: string[] = [];
  const origin = changed.origin ?? here;
  const server = await createAuthorizationServer({
    origin,
    documents,
    replay,
    wrapKey: plainWrapKey,
    clock,
    agents: [],
    resources: () => [
      { resource: `${origin}/mcp`, scopes: ['tools:call'] },
      { resource: `${origin}/mcp/github`, scopes: ['tools:call', 'resources:read'] },
    ],
    grants: () => [],
    interactions: scriptedInteractions('alice'),
    report: (event, facts) => reports.push(`${event}: ${JSON.stringify(facts)}`),
    ...changed,
    settings: { ...settings, ...changedSettings },
  });
  answer.listener = (request, response) => {
    const [mount] = server.mounts;
    mount?.serve(request, response);
  };
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    http.close();
    await server.close();
  });
  return { origin: here, issuer: server.issuer, server, documents, replay, reports };
}
