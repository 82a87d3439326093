import { constants } from 'node:crypto';
import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { FrontLimits } from './limits.ts';
import type { FrontOptions, FrontTls } from './options.ts';

/** A server that does not listen yet, and what ends its watch over the certificate. */
export interface OpenServer {
  readonly server: Server;
  readonly stopTls: () => void;
}

/** Makes the HTTP server of the front, with TLS if it has a certificate. Throws when the certificate cannot be used. */
export function openServer({ tls }: Pick<FrontOptions, 'tls'>, limits: FrontLimits): OpenServer {
  const { headerBytes, bodySeconds } = limits;
  const options: ServerOptions = {
    maxHeaderSize: headerBytes,
    requestTimeout: bodySeconds * 1000,
    headersTimeout: Math.min(bodySeconds, 15) * 1000,
    connectionsCheckingInterval: 1000,
    insecureHTTPParser: false,
  };
  if (tls === undefined) return { server: createServer(options), stopTls: () => undefined };
  return secured(options, tls);
}

/** RFC 9325 section 3.1.1: nothing below TLS 1.2. */
const minVersion = 'TLSv1.2';

/**
 * Where clients show certificates no session is resumed: a ticket keeps the client's own certificate alone, and an
 * X.509-SVID behind an intermediate would count on the first connection and on no later one.
 */
function resumption(askClients: boolean): { readonly secureOptions?: number } {
  return askClients ? { secureOptions: constants.SSL_OP_NO_TICKET } : {};
}

function secured(options: ServerOptions, { identity, askClients }: FrontTls): OpenServer {
  const material = (): { readonly cert: string; readonly key: string } => {
    const { certificate, key } = identity.material();
    return { cert: certificate, key };
  };
  const server = createTlsServer({
    ...options,
    ...material(),
    minVersion,
    ...resumption(askClients),
    requestCert: askClients,
    // Who a certificate speaks for is decided by whoever needs it, against the bundle of its own trust domain.
    rejectUnauthorized: false,
  });
  // Connections that stand keep the certificate they began with (X509-SVID section 4).
  const stopTls = identity.onChange(() =>
    server.setSecureContext({ ...presentOrNone(material), minVersion, ...resumption(askClients) }),
  );
  return { server, stopTls };
}

/** A certificate that expired or was taken back is shown no longer: then no new handshake succeeds. */
function presentOrNone<Material>(material: () => Material): Material | object {
  try {
    return material();
  } catch {
    return {};
  }
}
