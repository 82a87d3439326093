import { createStaticBroker, sentHeaders } from '../static-broker.ts';
import type { SecretName } from '../vault/vault.ts';
import { accountOf } from './account.ts';
import type { OAuthServer } from './authorization-flow.ts';
import { createRegistration } from './client-registration.ts';
import { type ConnectLinks, createConnectLinks } from './connect-links.ts';
import { connectMount } from './connect-mount.ts';
import { type Connections, createConnections } from './connections.ts';
import {
  assertionGrant,
  clientCredentialsGrant,
  exchangeGrant,
  type Obtain,
  workloadGrant,
} from './grants.ts';
import { type CredentialSource, oauthSource } from './oauth-source.ts';
import type { Broker, BrokeredServer, BrokerOptions, ServerAuth } from './options.ts';
import { ownSource } from './own-source.ts';
import { type RequestToken, tokenRequests } from './token-request.ts';

/**
 * Finds the credential of each server the way the configuration says: static headers, an account that the user connected,
 * or a token that the gateway gets for the user or for itself. Throws, with the mend, on settings that cannot be used.
 *
 * INVARIANT: it never sees the caller's token, so it cannot pass it on (MCP authorization, "Token Passthrough").
 */
export function createBroker(options: BrokerOptions): Broker {
  const { servers, vault, clock, origin, report } = options;
  const fixed = createStaticBroker({ servers });
  const request = tokenRequests(options.fetch);
  const refused = ({ upstream }: SecretName, code: string): void =>
    report('token not renewed', { upstream, code });
  const connections = createConnections({ vault, clock, request, refused });
  const links = createConnectLinks(vault, clock, origin);
  const shared = { ...options, request, connections, links };

  const sources = new Map<string, CredentialSource>();
  for (const [id, server] of Object.entries(servers)) {
    const source = sourceOf(shared, id, server);
    if (source !== undefined) sources.set(id, source);
  }
  const registration = createRegistration(options);
  return {
    broker: {
      credential: (server, subject) => sources.get(server)?.(subject) ?? fixed.credential(server, subject),
    },
    mount: connectMount({ ...shared, registration, servers: oauthServers(servers) }),
  };
}

interface Shared extends BrokerOptions {
  readonly request: RequestToken;
  readonly connections: Connections;
  readonly links: ConnectLinks;
}

/** Undefined where the configured headers are all there is. */
function sourceOf(shared: Shared, id: string, server: BrokeredServer): CredentialSource | undefined {
  const { auth, url } = server;
  if (auth === undefined || auth.kind === 'workload-mtls') return undefined;
  if (url === undefined)
    throw new Error(`server \`${id}\`: \`auth\` is for servers with a \`url\`; a process has none`);
  const headers = headersOf(id, server);
  if (auth.kind === 'oauth') return oauthSource({ ...shared, server: { id, url, auth }, headers });
  const { clock, report } = shared;
  const shareKey = isPersonal(auth) ? ownerKey : () => '';
  return ownSource({ server: id, headers, obtain: grantFor(shared, id, url, auth), shareKey, clock, report });
}

function oauthServers(servers: BrokerOptions['servers']): ReadonlyMap<string, OAuthServer> {
  const found = new Map<string, OAuthServer>();
  for (const [id, { url, auth }] of Object.entries(servers)) {
    if (auth?.kind === 'oauth' && url !== undefined) found.set(id, { id, url, auth });
  }
  return found;
}

type OwnAuth = Exclude<ServerAuth, { readonly kind: 'oauth' }>;

function grantFor(
  options: Parameters<typeof exchangeGrant>[0],
  id: string,
  url: string,
  auth: OwnAuth,
): Obtain {
  try {
    switch (auth.kind) {
      case 'exchange':
        return exchangeGrant(options, url, auth);
      case 'identity-assertion':
        return assertionGrant(options, url, auth);
      case 'client-credentials':
        return clientCredentialsGrant(options, url, auth);
      case 'workload-jwt':
      case 'workload-mtls':
        return workloadGrant(options, url, auth);
    }
  } catch (cause) {
    throw new Error(`server \`${id}\`: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Tokens for a user are that user's alone; others are the gateway's own. */
function isPersonal({ kind }: OwnAuth): boolean {
  return kind === 'exchange' || kind === 'identity-assertion';
}

const ownerKey = (subject: Parameters<typeof accountOf>[0]): string => JSON.stringify(accountOf(subject));

function headersOf(id: string, { headers }: BrokeredServer): Readonly<Record<string, string>> {
  if (Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) {
    throw new Error(
      `server \`${id}\`: has both \`auth\` and an \`Authorization\` header; remove one of them`,
    );
  }
  return sentHeaders(id, headers);
}
