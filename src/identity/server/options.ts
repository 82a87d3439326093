import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonObject } from '../../model/json.ts';
import type { Report } from '../../model/report.ts';
import type { Clock, PeerCertificate, VerifyPeer } from '../../pipeline/ports.ts';
import type { Documents, ReplayCache } from '../../pipeline/store-ports.ts';
import type { Fetch } from '../fetch-json.ts';
import type { Workload } from '../spiffe/contract.ts';
import type { GrantHandler } from './grant.ts';
import type { CreateInteractions } from './interactions.ts';
import type { Signer } from './signer.ts';
import type { WrapKey } from './signing-keys.ts';

/** What {@link createAuthorizationServer} is made of. */
export interface AuthorizationServerOptions {
  /** The public origin of the gateway, such as `https://gateway.example`; the issuer is `<origin>/as`. */
  readonly origin: string;
  readonly documents: Documents;
  /** Shared by all replicas: identifiers of DPoP proofs and of client assertions. */
  readonly replay: ReplayCache;
  readonly wrapKey: WrapKey;
  readonly clock: Pick<Clock, 'now' | 'uuid'>;
  readonly settings: ServerSettings;
  readonly agents: readonly AgentRule[];
  /** What tokens can be for. Asked on every request, because it changes with the configuration. */
  readonly resources: () => readonly ResourceInfo[];
  /** Makes further grants of the token endpoint, which sign with the keys of this server. */
  readonly grants: (signer: Signer) => readonly GrantHandler[];
  readonly interactions: CreateInteractions;
  /** Undefined: X.509-SVIDs are nobody's. */
  readonly verifyPeer?: VerifyPeer;
  /** Undefined: JWT-SVIDs are nobody's. */
  readonly verifyJwtSvid?: Workload['verifyJwtSvid'];
  /** The certificate that the peer proved the key of in the TLS handshake. */
  readonly peerCertificate?: (request: IncomingMessage) => PeerCertificate | undefined;
  /** The network address of the peer; default: that of the socket. */
  readonly peer?: (request: IncomingMessage) => string;
  /** For URLs of the operator's own configuration. */
  readonly fetch?: Fetch;
  /** For URLs that strangers name; default: `guardedFetch()`. */
  readonly guardedFetch?: Fetch;
  /** Whether DPoP proofs must carry a nonce (RFC 9449 section 8); default: `optional`. */
  readonly nonce?: 'optional' | 'required';
  readonly revocations?: TokenRevocations;
  /** Takes what an operator should hear of. Never holds a secret. */
  readonly report?: Report;
}

/** The settings of the configuration (`AuthorizationServerSettings`) as far as they concern this part. */
export interface ServerSettings {
  readonly accessTokenMinutes: number;
  readonly refreshTokenDays: number;
  readonly dynamicRegistration: boolean;
  readonly clientMetadata: { readonly enabled: boolean; readonly allowedHosts: readonly string[] };
  readonly clients: readonly ClientRule[];
}

/** A client that the operator registered. */
export interface ClientRule {
  readonly id: string;
  readonly name?: string;
  readonly redirectUris: readonly string[];
  readonly secret?: string;
  readonly jwksUri?: string;
  readonly jwks?: readonly unknown[];
}

/** Agents known without registration. The first one whose id matches counts. */
export interface AgentRule {
  /** A SPIFFE ID or a client id; `*` as last path segment stands for any rest. */
  readonly id: string;
  readonly authentication: readonly AgentAuthentication[];
  readonly jwksUri?: string;
  readonly jwks?: readonly unknown[];
}

/** How an agent proves who it is. */
export type AgentAuthentication = 'x509-svid' | 'jwt-svid' | 'private_key_jwt' | 'client_metadata' | 'none';

/** A resource that tokens can be for (RFC 8707). */
export interface ResourceInfo {
  /** Its URI: the audience. */
  readonly resource: string;
  readonly scopes: readonly string[];
}

/** The single tokens that were taken back. */
export interface TokenRevocations {
  /** Takes back one token; `expiresAt` in milliseconds since the epoch. */
  readonly revoke: (jti: string, expiresAt: number) => Promise<void>;
  /** Whether a token with these claims was taken back, by itself or with its user, agent or task. */
  readonly revoked: (claims: JsonObject) => boolean;
}

/** The embedded authorization server. */
export interface AuthorizationServer {
  readonly issuer: string;
  /** What it answers: the paths and everything below them. */
  readonly mounts: readonly ServerMount[];
  readonly signer: Signer;
  /** The public keys, those of the recent past included. */
  readonly jwks: () => readonly JsonObject[];
  /** RFC 8414. */
  readonly metadata: () => JsonObject;
  /** The account that is logged in in the browser that sent a request; undefined for a browser without a login. */
  readonly sessionAccount: (request: IncomingMessage) => Promise<string | undefined>;
  /** Where a browser logs in and comes back from to a page of ours. Throws for any other place. */
  readonly loginUrl: (returnTo: string) => string;
  /** Publishes a new key, which is used once every replica and verifier had the time to see it. */
  readonly rotateKeys: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** One answering part. */
export interface ServerMount {
  readonly paths: readonly string[];
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
}
