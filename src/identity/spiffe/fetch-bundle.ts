import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { isIP } from 'node:net';
import type { SpiffePattern } from '../../model/spiffe-id.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Fetch } from '../fetch-json.ts';
import { type BundleDocument, parseJwks, readBundle } from './bundle-document.ts';
import type { Bundles } from './contract.ts';
import { serverOptions } from './tls-client-options.ts';

const timeoutMs = 10_000;
const mostBytes = 4 * 1024 * 1024;

/** Says what is wrong with the URL of a bundle endpoint (SPIFFE Federation sections 5.2.1.1 and 5.2.2.1). */
export function endpointUrlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is not a URL';
  const { protocol, username, password } = new URL(text);
  if (protocol !== 'https:') return 'does not begin with https://';
  return username === '' && password === '' ? undefined : 'holds a user name or a password';
}

/** Fetches a bundle by the profile `https_web`: the server is authenticated by Web PKI. No redirect is followed. */
export async function fetchWebBundle(url: string, fetch: Fetch): Promise<BundleDocument> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(statusText(response.status));
  }
  return readBundle(parseJwks(await bounded(response.body ?? [])));
}

/**
 * Fetches a bundle by the profile `https_spiffe`: the server is authenticated by its X.509-SVID, with the bundle of its own
 * trust domain. It learns nothing about us. No redirect is followed: no other server has the right to answer.
 */
export async function fetchSpiffeBundle(
  url: string,
  endpoint: SpiffePattern,
  bundles: Pick<Bundles, 'x509'>,
  clock: Clock,
): Promise<BundleDocument> {
  const options = serverOptions(bundles, clock, endpoint);
  const { hostname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const response = await get(url, {
    ...options,
    ca: [...options.ca],
    // A name may be needed to reach the right server of many; it authenticates nothing.
    servername: isIP(host) === 0 ? host : '',
  });
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(statusText(response.statusCode ?? 0));
  }
  return readBundle(parseJwks(await bounded(response)));
}

function get(url: string, tls: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = { accept: 'application/json', connection: 'close' };
    request(url, { ...tls, agent: false, signal, headers }, resolve)
      .on('error', reject)
      .end();
  });
}

async function bounded(body: AsyncIterable<Uint8Array> | readonly Uint8Array[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > mostBytes) throw new Error(`the answer is larger than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function statusText(status: number): string {
  const isRedirect = status >= 300 && status < 400;
  return `answered ${status}, not 200${isRedirect ? ' (redirects are not followed: configure where it stands)' : ''}`;
}
