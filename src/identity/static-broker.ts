import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { CredentialBroker, UpstreamCredential } from '../pipeline/ports.ts';

/** Credentials from the configuration, by server id. */
export interface StaticBrokerOptions {
  readonly servers: Readonly<Record<string, { readonly headers: Readonly<Record<string, string>> }>>;
}

/** Headers that frame the message or belong to the protocol; a credential cannot be one of them. */
const reserved =
  /^(?:host|connection|keep-alive|transfer-encoding|content-.*|te|trailer|upgrade|expect|mcp-.*|accept|proxy-connection)$/i;

const none: UpstreamCredential = Object.freeze({ headers: Object.freeze({}) });

/**
 * Gives every caller the credential that the configuration holds for a server; a server without one gets none.
 * Throws on a header that cannot be sent.
 *
 * INVARIANT: it never sees the caller's token, so it cannot pass it on (MCP authorization, "Token Passthrough").
 */
export function createStaticBroker({ servers }: StaticBrokerOptions): CredentialBroker {
  const credentials = new Map<string, UpstreamCredential>();
  for (const [server, { headers }] of Object.entries(servers)) {
    for (const [name, value] of Object.entries(headers)) checkHeader(server, name, value);
    credentials.set(server, Object.freeze({ headers: Object.freeze({ ...headers }) }));
  }
  return { credential: (server) => credentials.get(server) ?? none };
}

function checkHeader(server: string, name: string, value: string): void {
  if (reserved.test(name)) {
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
