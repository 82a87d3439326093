import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Report } from '../../model/report.ts';
import type { Subject } from '../../model/subject.ts';
import type { Clock, CredentialBroker } from '../../pipeline/ports.ts';
import type { Fetch } from '../fetch-json.ts';
import type { Signer } from '../server/signer.ts';
import type { Vault } from '../vault/vault.ts';

/** What the broker is made of. */
export interface BrokerOptions {
  /** By server id. */
  readonly servers: Readonly<Record<string, BrokeredServer>>;
  /** Keeps connections, clients and what runs, encrypted. */
  readonly vault: Vault;
  readonly clock: Pick<Clock, 'now'>;
  /** How browsers and authorization servers reach the gateway, such as `https://gw.example`. */
  readonly origin: string;
  /** Reaches URLs that upstreams name; must keep private addresses out (SSRF). */
  readonly fetch: Fetch;
  /** Where the style of the login pages is, such as `/as/assets`. */
  readonly assets: string;
  /**
   * Who is logged in in the browser that sends a request. A connection is made only in a browser of the same user that
   * the MCP caller has.
   */
  readonly sessionUser: (request: IncomingMessage) => Promise<BrowserUser | undefined>;
  /** Where a browser without a login goes first; it comes back to the path that it is given. */
  readonly loginUrl?: (returnTo: string) => string;
  /**
   * The client id of the gateway where its own metadata document cannot be read from outside: the URL of a copy. Default:
   * the document at `<origin>/connect/client.json`, which counts only under https.
   */
  readonly clientMetadataUrl?: string;
  /** Signs what the gateway itself says of a user, where there is no login provider that does. */
  readonly signer?: Signer;
  /** The gateway's own JWT-SVID for an audience. */
  readonly jwtSvid?: (audience: string, spiffeId?: string) => Promise<string>;
  /** What the login provider said of a user. */
  readonly upstreamAssertion?: LoginAssertions;
  /** Tells the operator of connections and of what fails. Never gets a secret. */
  readonly report: Report;
}

/** One upstream server. */
export interface BrokeredServer {
  /** Undefined for a process, which has no credential. */
  readonly url?: string;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly auth?: ServerAuth;
}

/** Whose credential goes to a server; the same shapes as in the configuration. */
export type ServerAuth = OAuthAuth | ExchangeAuth | AssertionAuth | WorkloadAuth | ClientCredentialsAuth;

/** Each user connects an account of their own (RFC 6749 section 4.1). */
export interface OAuthAuth {
  readonly kind: 'oauth';
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly scopes?: readonly string[];
  readonly dpop: boolean;
  /** The only authorization server that the configured client is known at. Undefined: the first one that is met. */
  readonly issuer?: string;
}

/** RFC 8693 at the upstream's authorization server. */
export interface ExchangeAuth {
  readonly kind: 'exchange';
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly audience?: string;
  readonly scopes?: readonly string[];
  /**
   * Which token of the login is shown. Undefined: the access token, or the ID token of a login that was kept without one.
   */
  readonly subjectToken?: 'access_token' | 'id_token';
}

/** An identity assertion (ID-JAG), used at the upstream's authorization server. */
export interface AssertionAuth {
  readonly kind: 'identity-assertion';
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly scopes?: readonly string[];
}

/** The gateway's own workload identity: a JWT-SVID as a grant (RFC 7523 section 2.1), or mTLS, which sends no header. */
export interface WorkloadAuth {
  readonly kind: 'workload-jwt' | 'workload-mtls';
  readonly audience?: string;
  readonly spiffeId?: string;
}

/** The gateway as a client of its own (RFC 6749 section 4.4). */
export interface ClientCredentialsAuth {
  readonly kind: 'client-credentials';
  readonly clientId: string;
  readonly clientSecret?: string;
  /** PEM (PKCS #8): `private_key_jwt` (RFC 7523 section 2.2). */
  readonly privateKey?: string;
  readonly scopes?: readonly string[];
}

/** Who is logged in. */
export interface BrowserUser {
  readonly issuer: string;
  readonly subject: string;
  /** Undefined where the users of an issuer are not divided. */
  readonly tenant?: string;
  /** As people read it. */
  readonly name?: string;
}

/** The login provider, as far as it vouches for users elsewhere. */
export interface LoginAssertions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  /** Undefined: found through the metadata of the issuer. */
  readonly tokenEndpoint?: string;
  /**
   * What the provider gave out for the user: the first of these kinds that there is, renewed if need be. Undefined:
   * nothing that is still good, and only a login helps. Rejects if the provider cannot be asked.
   */
  readonly subjectToken: (
    subject: Subject,
    types: readonly ('access_token' | 'id_token' | 'refresh_token')[],
  ) => Promise<{ readonly token: string; readonly type: string } | undefined>;
}

/** The broker, and the pages where accounts are connected. */
export interface Broker {
  readonly broker: CredentialBroker;
  readonly mount: {
    readonly paths: readonly string[];
    readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
  };
}
