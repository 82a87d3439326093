import { lookup as lookUp } from 'node:dns/promises';
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isLoopbackAddress, isPublicAddress } from './public-address.ts';

/** How {@link guardedFetch} is loosened and tried out. */
export interface GuardOptions {
  /** Lets loopback addresses pass, and `http:` to them. For development. */
  readonly allowLoopback?: boolean;
  /** Origins that the operator configured: whatever address they have, with `http:` for loopback alone. */
  readonly origins?: ReadonlySet<string>;
  /** Finds the addresses of a name; the system's resolver when left out. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** PEM certificates that are trusted instead of the well-known ones. */
  readonly ca?: string;
  /** For the whole exchange, in milliseconds. */
  readonly timeoutMs?: number;
  /** The most that a body may have. */
  readonly maxBytes?: number;
}

interface Guard {
  readonly allowLoopback: boolean;
  readonly origins: ReadonlySet<string>;
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly ca: string | undefined;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** An address that a host name has and that may be connected to. */
interface Target {
  readonly url: URL;
  readonly address: string;
}

/**
 * A `fetch` for URLs that strangers name (client metadata documents, key sets, discovery): https alone, and only to
 * addresses of the public Internet. The name is resolved once and the connection goes to the address that was judged, so
 * that a name cannot change in between. Redirects are never followed: with `redirect: 'manual'` they are answered as
 * they came, else they are an error. Bounded in time and size.
 *
 * Rejects with a `TypeError` that says why.
 */
export function guardedFetch(options: GuardOptions = {}): typeof fetch {
  const guard: Guard = {
    allowLoopback: options.allowLoopback ?? false,
    origins: options.origins ?? new Set(),
    resolve: options.resolve ?? resolveName,
    ca: options.ca,
    timeoutMs: options.timeoutMs ?? 5_000,
    maxBytes: options.maxBytes ?? 512 * 1024,
  };
  return async (input, init) => {
    const asked = requestOf(input, init);
    const signal = AbortSignal.any([asked.signal, AbortSignal.timeout(guard.timeoutMs)]);
    const target = await judge(guard, new URL(asked.url));
    const body = Buffer.from(await asked.arrayBuffer());
    const incoming = await send(guard, target, asked, body, signal);
    return await answer(guard, incoming, asked.redirect);
  };
}

async function resolveName(host: string): Promise<readonly string[]> {
  return (await lookUp(host, { all: true })).map(({ address }) => address);
}

/** The platform's own error would repeat the URL with its password. */
function requestOf(...[input, init]: Parameters<typeof fetch>): Request {
  try {
    return new Request(input, withoutDispatcher(init));
  } catch {
    throw new TypeError('the request cannot be sent: its URL is none, or holds a password');
  }
}

/** The platform's `fetch` takes a connection pool in `dispatcher`; a caller's pool would go around the guard. */
function withoutDispatcher(init: RequestInit | undefined): RequestInit | undefined {
  if (init === undefined) return undefined;
  const { dispatcher: _, ...rest } = init as RequestInit & { dispatcher?: unknown };
  return rest;
}

async function judge(guard: Guard, url: URL): Promise<Target> {
  const mayBePlain = guard.allowLoopback || guard.origins.has(url.origin);
  if (url.protocol !== 'https:' && !(mayBePlain && url.protocol === 'http:'))
    throw refused(url, 'does not begin with https://');
  const addresses = await addressesOf(guard, url);
  const [address] = addresses;
  if (address === undefined) throw refused(url, 'names a host without an address');
  if (!addresses.every((each) => mayReach(guard, url, each)))
    throw refused(url, 'leads to an address that is not on the public Internet');
  return { url, address };
}

function mayReach(guard: Guard, url: URL, address: string): boolean {
  const isKnown = guard.origins.has(url.origin);
  if ((guard.allowLoopback || isKnown) && isLoopbackAddress(address)) return true;
  return url.protocol === 'https:' && (isKnown || isPublicAddress(address));
}

/** Of all addresses each must pass: a name that has a public and a private one is as good as private. */
async function addressesOf(guard: Guard, url: URL): Promise<readonly string[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return [host];
  return await guard.resolve(host).catch((cause: unknown) => {
    throw refused(url, 'names a host that cannot be found', cause);
  });
}

function send(
  guard: Guard,
  target: Target,
  asked: Request,
  body: Buffer,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = open(guard, target, asked, body, signal);
  outgoing.on('response', resolve);
  outgoing.on('error', (cause) => {
    reject(refused(target.url, 'cannot be fetched', cause));
  });
  outgoing.end(body);
  return promise;
}

function open(
  guard: Guard,
  { url, address }: Target,
  asked: Request,
  body: Buffer,
  signal: AbortSignal,
): ClientRequest {
  const headers: Record<string, string> = Object.fromEntries(asked.headers);
  if (body.length > 0) headers['content-length'] = String(body.length);
  // A pool would hand out a connection that was judged for another request; one connection serves one request.
  const options = { method: asked.method, headers, signal, lookup: pinned(address), agent: false } as const;
  if (url.protocol === 'http:') return requestHttp(url, options);
  return requestHttps(url, guard.ca === undefined ? options : { ...options, ca: guard.ca });
}

function pinned(address: string): LookupFunction {
  const family = isIP(address);
  return (_host, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}

async function answer(
  guard: Guard,
  incoming: IncomingMessage,
  redirect: Request['redirect'],
): Promise<Response> {
  const status = incoming.statusCode ?? 0;
  if (status >= 300 && status < 400 && redirect !== 'manual') {
    incoming.destroy();
    throw new TypeError('the answer is a redirect, and redirects are not followed');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > guard.maxBytes) throw new TypeError(`the answer is larger than ${guard.maxBytes} bytes`);
    chunks.push(chunk);
  }
  return new Response(bodyOf(status, chunks), { status, headers: headersOf(incoming) });
}

/** Statuses of the Fetch standard that have no body, not even an empty one. */
function bodyOf(status: number, chunks: readonly Buffer[]): Uint8Array<ArrayBuffer> | null {
  return [101, 204, 205, 304].includes(status) ? null : new Uint8Array(Buffer.concat(chunks));
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
  return headers;
}

function refused({ protocol, host }: URL, why: string, cause?: unknown): TypeError {
  return new TypeError(`\`${protocol}//${host}\` ${why}`, { cause });
}
