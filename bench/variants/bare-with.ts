import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { grantToken, ownerOf } from '../../src/gateway/owner-token.ts';
import { systemClock } from '../../src/gateway/system-clock.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { Refusal } from '../../src/model/refusal.ts';
import type { Identity } from '../../src/pipeline/ports.ts';
import { isFault, readDocument } from '../../src/wire/json/read.ts';
import type { Composition, Running } from './compose.ts';
import { benchSettings } from './configuration.ts';

/** The bare proxy, which asks the gateway's identity room who calls and, if told to, reads both messages strictly. */
export async function bareWith(
  composition: Composition,
  { parse }: { readonly parse: boolean },
): Promise<Running> {
  const settings = await benchSettings(composition);
  const clock = systemClock();
  const owner = await ownerOf(settings, clock);
  if (owner === undefined) throw new Error('the owner is off');
  const identity = createIdentity({ issuers: [owner.issuer], clock });
  const upstream = new URL(composition.upstream);
  const pool = new Pool(upstream.origin, { pipelining: 1 });
  const check = parse ? demandStrict : (): void => undefined;
  const server = createServer((request, response) => {
    void serve({ pool, path: upstream.pathname, identity, resource, check }, request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const resource = `http://127.0.0.1:${port}/mcp`;
  const token = grantToken(owner, settings, clock, resource).value;
  return {
    url: resource,
    headers: { Authorization: `Bearer ${token}` },
    tool: 'lookup',
    latency: () => undefined,
  };
}

interface Parts {
  readonly pool: Pool;
  readonly path: string;
  readonly identity: Identity;
  readonly resource: string;
  readonly check: (bytes: Buffer) => void;
}

async function serve(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bytesOf(request);
  const subject = await parts.identity.identify({
    authorization: request.headers.authorization,
    resource: parts.resource,
    metadataUrl: '',
    header: () => undefined,
    peer: request.socket.remoteAddress ?? '',
    method: 'POST',
    url: parts.resource,
  });
  if (subject instanceof Refusal) return void response.writeHead(401).end();
  parts.check(body);
  forward(parts, request, response, body);
}

function bytesOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => void pieces.push(piece));
    request.on('end', () => resolve(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)));
  });
}

function demandStrict(bytes: Buffer): void {
  const read = readDocument(bytes);
  if (isFault(read)) throw new Error(read.detail);
}

const passed = ['content-type', 'accept', 'mcp-protocol-version', 'mcp-method', 'mcp-name'] as const;

function forward(
  { pool, path, check }: Parts,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): void {
  const headers = passed.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [name, value] : [];
  });
  const pieces: Buffer[] = [];
  let type = '';
  pool.dispatch(
    { path, method: 'POST', headers, body },
    {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, _status, replyHeaders) => {
        type = String(replyHeaders['content-type']);
      },
      onResponseData: (_controller, piece) => void pieces.push(piece),
      onResponseEnd: () => {
        const reply = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
        check(reply);
        response.writeHead(200, ['Content-Type', type, 'Content-Length', String(reply.length)]).end(reply);
      },
      onResponseError: () => void response.writeHead(502).end(),
    },
  );
}
