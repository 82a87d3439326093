/** An authorization server of another company: it publishes a key and signs access tokens (RFC 9068). */
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Issuing {
  readonly issuer: string;
  readonly jwksUri: string;
  /** A token for a person at one resource, good for five minutes. */
  readonly token: (subject: string, resource: string) => string;
  readonly stop: () => void;
}

/** Starts it on a free port. */
export async function startIssuer(): Promise<Issuing> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'key-1', alg: 'EdDSA', use: 'sig' };
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    token: (sub, aud) => {
      const iat = Math.floor(Date.now() / 1000);
      const claims = {
        iss: issuer,
        sub,
        aud,
        iat,
        exp: iat + 300,
        jti: `${sub}-${iat}`,
        client_id: `agent-of-${sub}`,
      };
      const body = [{ typ: 'at+jwt', alg: 'EdDSA', kid: 'key-1' }, claims].map(encoded).join('.');
      return `${body}.${sign(null, Buffer.from(body), privateKey).toString('base64url')}`;
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
