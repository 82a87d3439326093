import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';

const longest = 10;

/** The chain that a peer showed, DER, its own certificate first. Node.js links it, and links a root to itself. */
export function peerChain(peer: PeerCertificate | DetailedPeerCertificate): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let at: Partial<DetailedPeerCertificate> | undefined = peer;
  while (at?.raw !== undefined && chain.length < longest) {
    chain.push(at.raw);
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate;
  }
  return chain;
}
