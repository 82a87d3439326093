import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { PeerCertificate } from '../../pipeline/ports.ts';

const longestChain = 10;
const known = new WeakMap<Socket, PeerCertificate | 'none'>();

/** The certificate chain of the other end; read once for each connection. */
export function peerCertificate(socket: Socket): PeerCertificate | undefined {
  const before = known.get(socket);
  if (before !== undefined) return before === 'none' ? undefined : before;
  const found = socket instanceof TLSSocket ? readChain(socket) : undefined;
  known.set(socket, found ?? 'none');
  return found;
}

function readChain(socket: TLSSocket): PeerCertificate | undefined {
  const chain: Uint8Array[] = [];
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && chain.length < longestChain) {
    chain.push(certificate.raw);
    // A root names itself as its issuer.
    certificate = certificate.issuerCertificate === certificate ? undefined : certificate.issuerCertificate;
  }
  const [own] = chain;
  if (own === undefined) return undefined;
  return { chain, thumbprint: createHash('sha256').update(own).digest('base64url') };
}
