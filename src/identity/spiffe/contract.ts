import type { KeyObject } from 'node:crypto';
import type { JsonObject } from '../../model/json.ts';
import type { Report } from '../../model/report.ts';
import type { SpiffeId, TrustDomain } from '../../model/spiffe-id.ts';
import type { Clock, TlsIdentity, VerifyPeer } from '../../pipeline/ports.ts';
import type { TokenFailure } from '../failure.ts';
import type { Fetch } from '../fetch-json.ts';
import type { Certificate } from './certificate.ts';

/** What the gateway's own workload identity is made from. */
export interface WorkloadOptions {
  /** `unix:///path` or `tcp://address:port`; undefined: the variable `SPIFFE_ENDPOINT_SOCKET` (Workload Endpoint section 4). */
  readonly socket?: string;
  /** By name of the trust domain: where its bundle is, for those that the Workload API does not bring. */
  readonly federates: Readonly<Record<string, FederationEndpoint>>;
  readonly clock: Clock;
  /** Takes what an operator should hear of. */
  readonly report: Report;
  /** For `https_web` endpoints; undefined: the platform's. */
  readonly fetch?: Fetch;
  /** Undefined: the process's own. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** A bundle endpoint (SPIFFE Federation section 5.1). Nothing of it is guessed from something else of it. */
export interface FederationEndpoint {
  readonly url: string;
  readonly profile: 'https_web' | 'https_spiffe';
  /** For `https_spiffe`: who serves it. */
  readonly endpointSpiffeId?: string;
  /** For `https_spiffe` when nothing else brings the bundle of its server: the first bundle, a JWK set (section 5.2.2.2). */
  readonly bundle?: JsonObject;
}

/** The gateway as a SPIFFE workload. */
export interface Workload {
  /** The X.509-SVID. Its material throws while there is none, when it expired, and when it was taken back. */
  readonly tls: TlsIdentity;
  /** Tells whose workload a certificate chain speaks for. Remembered for each chain object until a bundle changes. */
  readonly verifyPeer: VerifyPeer;
  /** Resolves when there is an X.509-SVID. Rejects when there can never be one, or on `close`. Has no time limit of its own. */
  readonly ready: () => Promise<void>;
  /** Our SPIFFE ID: that of the first X.509-SVID. Undefined while there is none. */
  readonly id: () => SpiffeId | undefined;
  /**
   * A JWT-SVID of ours for one audience, good for a while: of the default identity, or of the one that is named. Rejects with
   * what is wrong when none can be had.
   */
  readonly jwtSvid: (audience: string, id?: string) => Promise<string>;
  /** Verifies a JWT-SVID with the keys of the trust domain of its subject. Reads no network. */
  readonly verifyJwtSvid: (token: string, audience: string) => VerifiedJwtSvid | TokenFailure;
  /** Calls the listener after the SVID or a bundle changed; the result ends that. */
  readonly onChange: (listener: () => void) => () => void;
  readonly bundles: Bundles;
  readonly status: () => WorkloadStatus;
  /** Ends all streams and timers. */
  readonly close: () => void;
}

/** A JWT-SVID that holds. */
export interface VerifiedJwtSvid {
  readonly id: SpiffeId;
  readonly claims: JsonObject;
}

/** The authorities of trust domains. Those of one never count for another (SPIFFE Federation section 7.3). */
export interface Bundles {
  /** Who signs X.509-SVIDs of a trust domain; undefined for an unknown one, empty for one that revoked all. */
  readonly x509: (domain: TrustDomain) => readonly Certificate[] | undefined;
  /** Who signs its JWT-SVIDs; undefined and empty likewise. */
  readonly jwt: (domain: TrustDomain) => readonly JwtAuthority[] | undefined;
  readonly domains: () => readonly TrustDomain[];
}

/** A key that signs JWT-SVIDs of its trust domain. */
export interface JwtAuthority {
  readonly kid: string | undefined;
  /** The only algorithm it is for, when its JWK names one. */
  readonly alg: string | undefined;
  readonly key: KeyObject;
}

/** For health and for people. */
export interface WorkloadStatus {
  /**
   * `ready`: there is an SVID and the agent is there. `stale`: there is one, but the agent is out of reach. `waiting`:
   * there is none yet, or it expired or was taken back. `failed`: the agent does not take us, and asking again does not help.
   */
  readonly state: 'ready' | 'stale' | 'waiting' | 'failed' | 'closed';
  readonly address: string;
  readonly id: SpiffeId | undefined;
  /** End of the X.509-SVID, in milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
  /** What went wrong last; undefined when nothing is wrong now. */
  readonly fault: string | undefined;
  readonly bundles: readonly BundleStatus[];
}

/** Where the bundle of a trust domain came from, and when. */
export interface BundleStatus {
  readonly domain: TrustDomain;
  readonly source: 'workload-api' | 'endpoint';
  readonly x509: number;
  readonly jwt: number;
  /** Of endpoints: when it was fetched last, in milliseconds since the epoch, and what failed since. */
  readonly fetchedAt?: number;
  readonly fault?: string;
}
