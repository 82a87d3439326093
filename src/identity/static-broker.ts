import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { CredentialBroker, UpstreamCredential } from '../pipeline/ports.ts';

/** Credentials from the configuration, by server id. */
export interface StaticBrokerOptions {
  readonly servers: Readonly<Record<string, { readonly headers: Readonly<Record<string, string>> }>>;
}

/** Headers that frame the message or route it; with them a request could be read in two ways. */
const framing =
  /^(?:host|connection|keep-alive|transfer-encoding|content-length|te|trailer|upgrade|expect|proxy-connection)$/i;
/** Headers that the gateway itself sets for every request; clients' own files often name them, without need. */
const set = /^(?:accept|content-type|content-encoding|mcp-.*)$/i;

const none: UpstreamCredential = Object.freeze({ headers: Object.freeze({}) });

/**
 * Gives every caller the credential that the configuration holds for a server; a server without one gets none.
 * Headers that the gateway sets itself are left out. Throws on a header that cannot be sent.
 *
 * INVARIANT: it never sees the caller's token, so it cannot pass it on (MCP authorization, "Token Passthrough").
 */
export function createStaticBroker({ servers }: StaticBrokerOptions): CredentialBroker {
  const credentials = new Map<string, UpstreamCredential>();
  for (const [server, { headers }] of Object.entries(servers)) {
    credentials.set(server, Object.freeze({ headers: sentHeaders(server, headers) }));
  }
  return { credential: (server) => credentials.get(server) ?? none };
}

/** The configured headers of a server that are sent. Throws on one that cannot be. */
export function sentHeaders(
  server: string,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) checkHeader(server, name, value);
  return Object.freeze(Object.fromEntries(Object.entries(headers).filter(([name]) => !set.test(name))));
}

function checkHeader(server: string, name: string, value: string): void {
  if (framing.test(name)) {
    throw new Error(
      `server \`${server}\`: header \`${name}\` belongs to the protocol; remove it from \`headers\``,
    );
  }
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (cause) {
    // The value is a secret, so the message shows the name alone.
    throw new Error(`server \`${server}\`: header \`${name}\` holds characters that HTTP does not allow`, {
      cause,
    });
  }
}
