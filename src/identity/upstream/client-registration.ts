import type { AuthorizationServer } from 'oauth4webapi';
import { isJsonObject, type JsonObject, stringMember } from '../../model/json.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Fetch } from '../fetch-json.ts';
import type { Vault } from '../vault/vault.ts';
import { ownName } from './account.ts';
import type { OAuthAuth } from './options.ts';
import type { OAuthClient } from './token-request.ts';

/** How the gateway becomes a client of authorization servers. */
export interface Registration {
  /**
   * The gateway as a client of one authorization server: configured, by its metadata document, or registered there (MCP
   * authorization, "Client Registration Approaches"). Throws if none is possible.
   */
  readonly clientFor: (server: string, auth: OAuthAuth, as: AuthorizationServer) => Promise<OAuthClient>;
  /** The server no longer knows a client that was registered there. */
  readonly forget: (issuer: string) => Promise<void>;
  /** What stands at the address that is the client id (draft-ietf-oauth-client-id-metadata-document). */
  readonly document: () => JsonObject;
}

/** What it is made of. */
export interface RegistrationOptions {
  readonly fetch: Fetch;
  readonly vault: Vault;
  readonly clock: Pick<Clock, 'now'>;
  readonly origin: string;
  readonly clientMetadataUrl?: string;
}

const timeoutMs = 10_000;

/** INVARIANT: what was agreed with one issuer is kept under its name and shown to no other. */
export function createRegistration(options: RegistrationOptions): Registration {
  const { origin, vault, clock } = options;
  const own = options.clientMetadataUrl ?? `${origin}/connect/client.json`;
  const registered = async (as: AuthorizationServer): Promise<OAuthClient> => {
    const name = ownName(registrationOf(as.issuer, origin));
    const kept = await vault.get(name);
    const known = kept && readClient(kept.secret, clock.now());
    if (known !== undefined) return known;
    const { secret, client } = await register(options, as);
    await vault.put(name, secret, kept?.version ?? 'absent');
    return client;
  };
  return {
    clientFor: async (server, auth, as) => {
      if (auth.clientId !== undefined) {
        await pin(vault, server, auth, as.issuer);
        return configured(auth.clientId, auth.clientSecret, as);
      }
      if (as['client_id_metadata_document_supported'] === true && own.startsWith('https:')) {
        return { id: own, method: 'none' };
      }
      if (as.registration_endpoint !== undefined) return registered(as);
      throw new Error(
        `authorization server \`${as.issuer}\` takes neither a client metadata document nor a registration: register ` +
          `the gateway there with redirect URI \`${redirectUri(origin)}\` and set \`auth.clientId\` of \`${server}\``,
      );
    },
    forget: async (issuer) => void (await vault.remove(ownName(registrationOf(issuer, origin)))),
    document: () => ({ client_id: own, client_uri: origin, ...clientMetadata(origin, 'none') }),
  };
}

/** Where authorization servers send browsers back to. */
export function redirectUri(origin: string): string {
  return `${origin}/connect/callback`;
}

function registrationOf(issuer: string, origin: string): string {
  return `client ${issuer} ${origin}`;
}

function clientMetadata(origin: string, method: OAuthClient['method']): JsonObject {
  return {
    client_name: 'Bartizan MCP gateway',
    redirect_uris: [redirectUri(origin)],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    // OpenID Connect Registration section 2: only native clients have http redirect URIs, on loopback.
    application_type: origin.startsWith('https:') ? 'web' : 'native',
    token_endpoint_auth_method: method,
  };
}

/** How a client with or without a secret authenticates, as far as the server says what it takes (RFC 8414 section 2). */
export function configured(id: string, secret: string | undefined, as: AuthorizationServer): OAuthClient {
  if (secret === undefined) return { id, method: 'none' };
  const supported = as.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  const post = supported.includes('client_secret_post') && !supported.includes('client_secret_basic');
  return { id, secret, method: post ? 'client_secret_post' : 'client_secret_basic' };
}

/**
 * A configured secret goes to one authorization server: the configured one, or the first that was met. Whoever controls
 * the metadata of a server could else have it sent anywhere.
 */
async function pin(vault: Vault, server: string, auth: OAuthAuth, issuer: string): Promise<void> {
  const name = ownName(`issuer ${server} ${auth.clientId ?? ''}`);
  if (auth.issuer === undefined) await vault.put(name, { issuer }, 'absent');
  const pinned = auth.issuer ?? stringMember((await vault.get(name))?.secret, 'issuer');
  if (pinned === issuer) return;
  throw new Error(
    `the server \`${server}\` now names the authorization server \`${issuer}\`, and its configured client belongs to ` +
      `\`${String(pinned)}\`: if that is right, set \`auth.issuer\` and a client of the new one`,
  );
}

async function register(
  { fetch, origin }: RegistrationOptions,
  as: AuthorizationServer,
): Promise<{ readonly secret: JsonObject; readonly client: OAuthClient }> {
  const asked = methodFor(as.token_endpoint_auth_methods_supported);
  const response = await fetch(as.registration_endpoint ?? '', {
    method: 'POST',
    redirect: 'manual',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify(clientMetadata(origin, asked)),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if ((response.status !== 201 && response.status !== 200) || !isJsonObject(answer)) {
    const code = isJsonObject(answer) ? stringMember(answer, 'error') : undefined;
    throw new Error(
      `authorization server \`${as.issuer}\` did not register the gateway (status ${response.status}${code === undefined ? '' : `, \`${code}\``})`,
    );
  }
  const secret = {
    client_id: answer['client_id'],
    client_secret: answer['client_secret'],
    client_secret_expires_at: answer['client_secret_expires_at'],
    token_endpoint_auth_method: answer['token_endpoint_auth_method'] ?? asked,
  };
  const client = readClient(JSON.parse(JSON.stringify(secret)) as JsonObject, 0);
  if (client === undefined) throw new Error(`authorization server \`${as.issuer}\` gave no client id`);
  return { secret: JSON.parse(JSON.stringify(secret)) as JsonObject, client };
}

const methods = ['client_secret_basic', 'client_secret_post', 'none'] as const;

function methodFor(supported: readonly string[] = ['client_secret_basic']): OAuthClient['method'] {
  return methods.find((method) => supported.includes(method)) ?? 'none';
}

/** Undefined for a registration that has run out (RFC 7591 section 3.2.1; 0: never). */
function readClient(secret: JsonObject, now: number): OAuthClient | undefined {
  const id = stringMember(secret, 'client_id');
  const clientSecret = stringMember(secret, 'client_secret');
  const until = Number(secret['client_secret_expires_at'] ?? 0);
  if (id === undefined || (until > 0 && until * 1000 <= now)) return undefined;
  const method = methods.find((one) => one === secret['token_endpoint_auth_method']) ?? 'none';
  if (clientSecret === undefined || method === 'none') return { id, method: 'none' };
  return { id, secret: clientSecret, method };
}
