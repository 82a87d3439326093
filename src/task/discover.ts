import { TaskError } from './task-error.ts';

/** Where tokens come from. */
export interface TokenSource {
  readonly issuer: string;
  readonly tokenEndpoint: string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Finds the authorization server that grants tasks for a resource (RFC 9728 section 3, RFC 8414 section 3). That is the
 * gateway's own, also where people log in at another one, which alone may then be listed.
 */
export async function discover(resource: string, send: typeof fetch): Promise<TokenSource> {
  const { origin, pathname } = new URL(resource);
  const path = pathname === '/' ? '' : pathname;
  const protectedResource = await read(`${origin}/.well-known/oauth-protected-resource${path}`, send);
  if (protectedResource['resource'] !== resource)
    throw failed(`the metadata is of \`${String(protectedResource['resource'])}\`, not of \`${resource}\``);
  const issuer = ownServer(protectedResource['authorization_servers'], origin);
  const server = new URL(issuer);
  const base = server.pathname === '/' ? '' : server.pathname;
  const metadata = await read(`${server.origin}/.well-known/oauth-authorization-server${base}`, send);
  const tokenEndpoint = metadata['token_endpoint'];
  if (metadata['issuer'] !== issuer || typeof tokenEndpoint !== 'string')
    throw failed(`the metadata of \`${issuer}\` names another issuer, or no token endpoint`);
  return { issuer, tokenEndpoint };
}

function ownServer(listed: unknown, origin: string): string {
  const issuers = Array.isArray(listed) ? (listed as readonly unknown[]) : [];
  const own = issuers.find((issuer) => typeof issuer === 'string' && issuer.startsWith(`${origin}/`));
  return typeof own === 'string' ? own : `${origin}/as`;
}

async function read(url: string, send: typeof fetch): Promise<Json> {
  const response = await send(url, { headers: { accept: 'application/json' }, redirect: 'error' }).catch(
    (cause: unknown) => {
      throw failed(`\`${url}\` cannot be reached`, cause);
    },
  );
  if (!response.ok) throw failed(`\`${url}\` answered ${response.status}`);
  return (await response.json()) as Json;
}

function failed(message: string, cause?: unknown): TaskError {
  return new TaskError('discovery_failed', message, { cause });
}
