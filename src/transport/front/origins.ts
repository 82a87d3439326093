import { isLoopbackHost } from '../../model/loopback.ts';
import { type Refusal, refuse } from '../../model/refusal.ts';
import type { Exchange } from './exchange.ts';

/** Where requests may come from. */
export interface OriginRule {
  readonly origins: ReadonlySet<string>;
  /** Host names without port, in lower case; undefined: any (the listener is not on a loopback address). */
  readonly hosts: ReadonlySet<string> | undefined;
}

const loopback: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** The rule of a listener. */
export function originRule(
  host: string,
  publicUrl: string | undefined,
  allowed: { readonly origins: readonly string[]; readonly hosts: readonly string[] },
): OriginRule {
  const own = publicUrl === undefined ? [] : [new URL(publicUrl)];
  const hosts = [...loopback, ...allowed.hosts.map(nameOf), ...own.map(({ hostname }) => hostname)];
  return {
    origins: new Set([...allowed.origins, ...own.map(({ origin }) => origin)]),
    hosts: isLoopbackHost(host) ? new Set(hosts) : undefined,
  };
}

/**
 * Refuses what a web page sent here without leave: a foreign `Origin`, or a `Host` that is not ours, which is the mark
 * of DNS rebinding (streamable-http, "Security & Endpoint").
 */
export function checkOrigin(rule: OriginRule, exchange: Exchange): Refusal | undefined {
  const foreign = checkHost(rule, exchange);
  if (foreign !== undefined) return foreign;
  const origin = exchange.header('origin');
  if (origin === undefined || rule.origins.has(origin) || isOwn(origin, exchange)) return undefined;
  return refuse('origin_not_allowed', `Origin ${JSON.stringify(origin.slice(0, 200))}`);
}

/** Refuses a `Host` that is not ours. */
export function checkHost(rule: OriginRule, exchange: Pick<Exchange, 'header'>): Refusal | undefined {
  const host = exchange.header('host') ?? '';
  if (rule.hosts === undefined || rule.hosts.has(nameOf(host))) return undefined;
  return refuse('host_not_allowed', `Host ${JSON.stringify(host.slice(0, 200))}`);
}

/** The response headers that let an allowed page read the answer. Empty without `Origin`: CORS is denied by default. */
export function corsHeaders(exchange: Exchange): readonly string[] {
  const origin = exchange.header('origin');
  if (origin === undefined) return noHeaders;
  return [
    'Access-Control-Allow-Origin',
    origin,
    'Access-Control-Expose-Headers',
    'Mcp-Session-Id, WWW-Authenticate, DPoP-Nonce',
    'Vary',
    'Origin',
  ];
}

/** The answer to a preflight request of an allowed page. */
export function preflightHeaders(exchange: Exchange): readonly string[] {
  const asked = exchange.header('access-control-request-headers') ?? '';
  return [
    ...corsHeaders(exchange),
    'Access-Control-Allow-Methods',
    'POST, GET, DELETE',
    'Access-Control-Allow-Headers',
    /^[\w\-, ]{0,1024}$/.test(asked) ? asked : '',
    'Access-Control-Max-Age',
    '600',
  ];
}

const noHeaders: readonly string[] = [];

function isOwn(origin: string, exchange: Exchange): boolean {
  return loopback.some(
    (name) =>
      origin === `http://${name}:${exchange.localPort}` || origin === `https://${name}:${exchange.localPort}`,
  );
}

/** The name in a Host header, without the port: a rebound name shows in the name alone. */
function nameOf(host: string): string {
  const colon = host.lastIndexOf(':');
  const name = colon > host.lastIndexOf(']') ? host.slice(0, colon) : host;
  return name.toLowerCase();
}
