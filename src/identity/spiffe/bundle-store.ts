import type { TrustDomain } from '../../model/spiffe-id.ts';
import type { Certificate } from './certificate.ts';
import type { Bundles, JwtAuthority } from './contract.ts';

/** Bundles by trust domain, as one source brought them. */
export type BundleMap<Authority> = ReadonlyMap<TrustDomain, readonly Authority[]>;

/** Where X.509 bundles come from, the strongest first. The first source that has spoken speaks for the Workload API. */
type X509Source = 'svids' | 'bundles';

/** Keeps the bundles of all sources apart. */
export interface BundleStore extends Bundles {
  /**
   * Replaces what a stream of the Workload API brought: each message is the whole truth (Workload API section 4.3).
   * Undefined: the stream brings nothing any more.
   */
  readonly setX509: (source: X509Source, bundles: BundleMap<Certificate> | undefined) => void;
  readonly setJwt: (bundles: BundleMap<JwtAuthority> | undefined) => void;
  /** Replaces what the endpoint of one trust domain brought; it can say nothing about another. */
  readonly setEndpoint: (domain: TrustDomain, bundle: EndpointBundle) => void;
  readonly isFromWorkloadApi: (domain: TrustDomain) => boolean;
}

/** What a bundle endpoint brought. */
export interface EndpointBundle {
  readonly x509: readonly Certificate[];
  readonly jwt: readonly JwtAuthority[];
}

/**
 * Makes the store; `changed` is called after every replacement.
 *
 * INVARIANT: a trust domain has the bundle of one source. Nothing is merged, neither across trust domains (SPIFFE Federation
 * section 4.2) nor across sources: a key that the Workload API took back must not live on in another source's copy.
 */
export function createBundleStore(changed: () => void): BundleStore {
  const x509 = new Map<X509Source, BundleMap<Certificate>>();
  let jwt: BundleMap<JwtAuthority> = new Map();
  const endpoints = new Map<TrustDomain, EndpointBundle>();
  const ofApi = (): BundleMap<Certificate> => x509.get('svids') ?? x509.get('bundles') ?? new Map();
  const isFromWorkloadApi = (domain: TrustDomain): boolean => ofApi().has(domain) || jwt.has(domain);
  const endpointOf = (domain: TrustDomain): EndpointBundle | undefined =>
    isFromWorkloadApi(domain) ? undefined : endpoints.get(domain);
  return {
    x509: (domain) => ofApi().get(domain) ?? endpointOf(domain)?.x509,
    jwt: (domain) => jwt.get(domain) ?? endpointOf(domain)?.jwt,
    domains: () => [...new Set([...ofApi().keys(), ...jwt.keys(), ...endpoints.keys()])],
    isFromWorkloadApi,
    setX509: (source, bundles) => {
      if (bundles === undefined) x509.delete(source);
      else x509.set(source, bundles);
      changed();
    },
    setJwt: (bundles) => {
      jwt = bundles ?? new Map();
      changed();
    },
    setEndpoint: (domain, bundle) => {
      endpoints.set(domain, bundle);
      changed();
    },
  };
}
