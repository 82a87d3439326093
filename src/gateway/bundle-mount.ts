import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuthorizationServer } from '../identity/server/options.ts';
import { bundleDocument } from '../identity/spiffe/bundle-document.ts';
import type { Mount } from '../transport/front/options.ts';

/** Verifiers read the keys again this often, in seconds; a new key is published longer than that before it is used. */
const refreshSeconds = 300;

/**
 * The keys of our tokens as a SPIFFE bundle (SPIFFE Trust Domain and Bundle section 4), for servers that know bundles and
 * no JWK sets of OAuth: they verify a task token by it. It holds no X.509 authorities, because the gateway is none.
 */
export function bundleMount(
  { jwks }: Pick<AuthorizationServer, 'jwks'>,
  clock: { now: () => number },
): Mount {
  return {
    paths: ['/as/spiffe-bundle'],
    serve: ({ method }: IncomingMessage, response: ServerResponse) => {
      if (method !== 'GET') {
        response.writeHead(405, { Allow: 'GET' }).end();
        return;
      }
      // Any later document has a higher number, whichever replica answers (section 4.1.1).
      const sequence = Math.floor(clock.now() / 1000);
      const document = bundleDocument({ x509: [], jwt: jwks(), sequence, refreshHint: refreshSeconds });
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'Cache-Control': `public, max-age=${refreshSeconds}`,
      });
      response.end(JSON.stringify(document));
    },
  };
}
