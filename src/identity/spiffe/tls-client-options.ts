import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';
import { matchesSpiffePattern, type SpiffePattern, trustDomainOf } from '../../model/spiffe-id.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Certificate } from './certificate.ts';
import type { Bundles, Workload } from './contract.ts';
import { peerChain } from './peer-chain.ts';
import { SvidFault, verifyX509Svid } from './verify-x509-svid.ts';

/** Options of `tls.connect`, and of connection pools that are built on it, for a server that is known by SPIFFE ID. */
export interface SpiffeServerOptions {
  readonly ca: readonly string[];
  /** Authorities of a bundle count whether or not they are self-signed. */
  readonly allowPartialTrustChain: true;
  readonly rejectUnauthorized: true;
  /** Says who the server is instead of its DNS name (identity by SPIFFE ID alone). */
  readonly servername: '';
  /**
   * INVARIANT: no session is resumed. Node.js does not call `checkServerIdentity` for a resumed one, and then a server would
   * be trusted by a bundle that has changed.
   */
  readonly maxCachedSessions: 0;
  readonly minVersion: 'TLSv1.2';
  readonly checkServerIdentity: (host: string, peer: PeerCertificate) => Error | undefined;
}

/** The same with our own certificate. */
export interface SpiffeClientOptions extends SpiffeServerOptions {
  readonly cert: string;
  readonly key: string;
}

/**
 * For mTLS with a server: our X.509-SVID, and who it must be. They are a snapshot: a pool has to be made anew on every
 * `onChange` of the workload; connections that are open live on. Throws while there is no SVID of ours or no bundle of the
 * server's trust domain.
 */
export function tlsClientOptions(
  workload: Workload,
  clock: Clock,
  expected: SpiffePattern,
): SpiffeClientOptions {
  const { certificate: cert, key } = workload.tls.material();
  return { cert, key, ...serverOptions(workload.bundles, clock, expected) };
}

/** How a server is authenticated by its SPIFFE ID, without showing a certificate of our own. */
export function serverOptions(
  bundles: Pick<Bundles, 'x509'>,
  clock: Clock,
  expected: SpiffePattern,
): SpiffeServerOptions {
  const domain = trustDomainOf(expected);
  const authorities = bundles.x509(domain);
  if (authorities === undefined) {
    throw new Error(
      `there is no bundle of the trust domain \`${domain}\`: federate with it, or name a bundle endpoint`,
    );
  }
  return {
    ca: authorities.map(pem),
    allowPartialTrustChain: true,
    rejectUnauthorized: true,
    servername: '',
    maxCachedSessions: 0,
    minVersion: 'TLSv1.2',
    // The bundle of the moment decides, not the one that `ca` was made from.
    checkServerIdentity: (_host, peer) => serverFault(peer, bundles, clock, expected),
  };
}

function serverFault(
  peer: PeerCertificate | DetailedPeerCertificate,
  bundles: Pick<Bundles, 'x509'>,
  clock: Clock,
  expected: SpiffePattern,
): Error | undefined {
  const svid = verifyX509Svid(peerChain(peer), bundles, clock.now());
  if (svid instanceof SvidFault) return new Error(`the server shows no valid X.509-SVID: ${svid.detail}`);
  if (matchesSpiffePattern(expected, svid.id)) return undefined;
  return new Error(`the server is ${svid.id}, and not \`${expected}\``);
}

function pem({ x509 }: Certificate): string {
  return x509.toString();
}
