import type { AuthorizationServer } from 'oauth4webapi';
import { arrayMember, isJsonObject, type JsonObject, stringMember } from '../../model/json.ts';
import { type Fetch, urlFault } from '../fetch-json.ts';

/** What an upstream says of how it is protected (RFC 9728). */
export interface ProtectedResource {
  /** The resource identifier, exactly as published: it is what `resource` says in every request (RFC 8707). */
  readonly resource: string;
  readonly authorizationServers: readonly string[];
  readonly scopes: readonly string[];
}

const timeoutMs = 10_000;

/**
 * Finds the metadata of a protected resource: where its challenge says, or else at the well-known places, that of the
 * path before that of the root (MCP authorization, "Protected Resource Metadata Discovery Requirements"). Throws if
 * there is none, or it speaks for another resource.
 */
export async function discoverResource(
  fetch: Fetch,
  serverUrl: string,
  challenged: string | undefined,
): Promise<ProtectedResource> {
  for (const url of challenged === undefined ? resourceMetadataUrls(serverUrl) : [challenged]) {
    const metadata = await getJson(fetch, url);
    if (metadata !== undefined) return resourceOf(metadata, url, serverUrl);
  }
  throw new Error(
    `\`${serverUrl}\` publishes no protected resource metadata (RFC 9728), so nobody can connect to it`,
  );
}

function resourceMetadataUrls(serverUrl: string): readonly string[] {
  const { origin, pathname } = new URL(serverUrl);
  const root = `${origin}/.well-known/oauth-protected-resource`;
  return pathname === '/' ? [root] : [root + pathname.replace(/\/$/, ''), root];
}

function resourceOf(metadata: JsonObject, url: string, serverUrl: string): ProtectedResource {
  const resource = stringMember(metadata, 'resource') ?? '';
  if (!speaksFor(resource, serverUrl)) {
    throw new Error(`\`${url}\` is about \`${resource}\`, not about \`${serverUrl}\``);
  }
  const authorizationServers = strings(metadata, 'authorization_servers');
  if (authorizationServers.length === 0) throw new Error(`\`${url}\` names no authorization server`);
  return { resource, authorizationServers, scopes: strings(metadata, 'scopes_supported') };
}

/**
 * The resource is the server, or what stands above it at the same origin: many servers publish one document for their
 * origin, at the root (RFC 9728 section 3.1).
 */
function speaksFor(resource: string, serverUrl: string): boolean {
  if (!URL.canParse(resource) || resource.includes('#')) return false;
  const [named, server] = [new URL(resource), new URL(serverUrl)];
  if (named.origin !== server.origin || named.search !== '') return named.href === server.href;
  const [above, path] = [named, server].map(({ pathname }) =>
    pathname.endsWith('/') ? pathname : `${pathname}/`,
  );
  return path?.startsWith(above ?? '') === true;
}

/**
 * Finds the metadata of an authorization server, RFC 8414 before OpenID Connect Discovery. Throws if there is none, or
 * it names another issuer, or endpoints that are not https, or no S256 (MCP authorization, "Authorization Code
 * Protection").
 */
export async function discoverServer(fetch: Fetch, issuer: string): Promise<AuthorizationServer> {
  const metadata = await discoverIssuer(fetch, issuer);
  if (!strings(metadata, 'code_challenge_methods_supported').includes('S256')) {
    throw new Error(`authorization server \`${issuer}\` does not say that it supports PKCE with S256`);
  }
  return metadata;
}

/** The same for grants that need no browser, and so no PKCE. */
export async function discoverIssuer(
  fetch: Fetch,
  issuer: string,
): Promise<AuthorizationServer & JsonObject> {
  const fault = urlFault(issuer);
  if (fault !== undefined) throw new Error(`authorization server \`${issuer}\` ${fault}`);
  for (const url of serverMetadataUrls(issuer)) {
    const metadata = await getJson(fetch, url);
    if (metadata !== undefined) return serverOf(metadata, url, issuer);
  }
  throw new Error(`authorization server \`${issuer}\` publishes no metadata`);
}

function serverMetadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const urls = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  return [...new Set(urls)];
}

const endpoints = ['authorization_endpoint', 'token_endpoint', 'registration_endpoint'];

/** INVARIANT: compared as texts; a slash more is another issuer (RFC 8414 section 3.3, RFC 9207 section 2.4). */
function serverOf(metadata: JsonObject, url: string, issuer: string): AuthorizationServer & JsonObject {
  if (metadata['issuer'] !== issuer) {
    throw new Error(`\`${url}\` names issuer \`${String(metadata['issuer'])}\`, not exactly \`${issuer}\``);
  }
  for (const member of endpoints) {
    const endpoint = metadata[member];
    const fault = typeof endpoint === 'string' ? urlFault(endpoint) : undefined;
    if (fault !== undefined) throw new Error(`\`${url}\`: \`${member}\` ${fault}`);
  }
  return { ...metadata, issuer };
}

/** Undefined where nothing is published. Throws when it cannot be told. */
async function getJson(fetch: Fetch, url: string): Promise<JsonObject | undefined> {
  const fault = urlFault(url);
  if (fault !== undefined) throw new Error(`\`${url}\` ${fault}`);
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    if (response.status >= 500) throw new Error(`\`${url}\` answered ${response.status}`);
    return undefined;
  }
  const value: unknown = await response.json().catch(() => undefined);
  return isJsonObject(value) ? value : undefined;
}

function strings(metadata: JsonObject, member: string): readonly string[] {
  return (arrayMember(metadata, member) ?? []).filter((value) => typeof value === 'string');
}
