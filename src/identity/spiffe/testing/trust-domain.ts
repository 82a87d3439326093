import type { JsonObject } from '../../../model/json.ts';
import { readCertificate } from '../certificate.ts';
import type { Bundles } from '../contract.ts';
import {
  type CertificateAuthority,
  type CertificateRequest,
  createCertificateAuthority,
  type Issued,
} from './certificate-authority.ts';
import { createJwtAuthority, type JwtAuthorityKey } from './jwt-authority.ts';
import { startWorkloadApiServer, type WorkloadApiServer, x509SvidMessage } from './workload-api-server.ts';

/** A trust domain with its authorities. */
export interface TestDomain {
  readonly name: string;
  readonly id: string;
  readonly ca: CertificateAuthority;
  readonly jwt: JwtAuthorityKey;
  readonly jwks: JsonObject;
  /** An X.509-SVID for a path such as `/gateway`. */
  readonly svid: (path: string, request?: CertificateRequest) => Issued;
}

/** Makes one. */
export function createTestDomain(name: string): TestDomain {
  const ca = createCertificateAuthority(name);
  const jwt = createJwtAuthority();
  const id = `spiffe://${name}`;
  return {
    name,
    id,
    ca,
    jwt,
    jwks: { keys: [jwt.jwk] },
    svid: (path, request = {}) => ca.issue({ uris: [`${id}${path}`], ...request }),
  };
}

/** The X.509 bundles of domains, without an agent. */
export function bundlesOf(...domains: readonly TestDomain[]): Pick<Bundles, 'x509'> {
  const all = new Map(domains.map(({ name, ca }) => [name, [readCertificate(ca.certificate)]] as const));
  return { x509: (domain) => all.get(domain) };
}

/** Starts an agent of a domain that issues `/gateway`, and federates with others. */
export async function startAgent(
  domain: TestDomain,
  federated: readonly TestDomain[] = [],
  address?: string,
): Promise<WorkloadApiServer> {
  const server = await startWorkloadApiServer(address);
  serveDomain(server, domain, federated);
  return server;
}

/** Publishes a fresh SVID of `/gateway` and the bundles of the domains. */
export function serveDomain(
  server: WorkloadApiServer,
  domain: TestDomain,
  federated: readonly TestDomain[] = [],
  issued: Issued = domain.svid('/gateway'),
): void {
  const bundles = [domain, ...federated].map(({ id, ca }) => [id, ca.certificate] as const);
  server.setX509({
    svids: [x509SvidMessage(`${domain.id}/gateway`, issued, [domain.ca.certificate])],
    federatedBundles: Object.fromEntries(bundles.slice(1)),
  });
  server.setX509Bundles(Object.fromEntries(bundles));
  server.setJwtBundles(Object.fromEntries([domain, ...federated].map(({ id, jwks }) => [id, jwks] as const)));
}
