import type { JsonValue } from '../model/json.ts';
import type { ClaimSettings } from './settings-file.ts';

/** The part of `bartizan.yaml` that says who may call, and how tasks, workloads and upstream accounts are treated. */
export interface StrongIdentitySettings {
  readonly authorizationServer: AuthorizationServerSettings;
  readonly agents: readonly AgentSettings[];
  readonly tasks: TaskSettings;
  readonly spiffe?: SpiffeSettings;
  readonly store: StoreSettings;
  readonly vault: VaultSettings;
}

/** `listen.tls`: serves https. Either files or the workload's own X.509-SVID. */
export interface TlsSettings {
  readonly certificate?: string;
  readonly key?: string;
  /** Takes certificate and key from the SPIFFE Workload API (`spiffe`). */
  readonly spiffe: boolean;
  /** Asks clients for a certificate; needed for certificate-bound tokens and X.509-SVID client authentication. */
  readonly askClients: boolean;
}

/** `identity.proof`: how senders prove the key of a bound token (RFC 9449, RFC 8705). */
export interface ProofSettings {
  /** `required`: tokens that are bound to no key are refused, except the owner's. */
  readonly senderConstrained: 'optional' | 'required';
  /** Whether DPoP proofs must carry a nonce of this gateway (RFC 9449 section 8). */
  readonly nonce: 'optional' | 'required';
  /** How old a DPoP proof may be, in seconds, by its `iat`. */
  readonly proofSeconds: number;
}

/** Beside the members of `identity.issuers[]` that were there before. */
export interface IssuerExtras {
  /** A known product, whose quirks are filled in. */
  readonly provider: 'generic' | 'entra' | 'okta' | 'keycloak' | 'authentik' | 'google';
  /** Asks the issuer about tokens (RFC 7662). At most one issuer may have it. */
  readonly introspection?: IntrospectionSettings;
  /** Takes its identity assertions for the embedded authorization server (ID-JAG). */
  readonly identityAssertions: boolean;
}

/** RFC 7662. */
export interface IntrospectionSettings {
  /** Undefined: found through the issuer's metadata. */
  readonly endpoint?: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** How long an answer is remembered, in seconds; never longer than the token lives. */
  readonly cacheSeconds: number;
  /** `all` asks about its JWTs as well, so that a logout or a disabled account ends them within `cacheSeconds`. */
  readonly tokens: 'opaque' | 'all';
}

/** The embedded authorization server. */
export interface AuthorizationServerSettings {
  readonly enabled: boolean;
  /** `owner`: the person who runs the gateway, by passkey or password. `provider`: login at an OpenID provider. */
  readonly login: 'owner' | 'provider';
  readonly provider?: LoginProviderSettings;
  readonly accessTokenMinutes: number;
  readonly refreshTokenDays: number;
  /** RFC 7591. Off: clients are known by metadata documents, by configuration or as agents. */
  readonly dynamicRegistration: boolean;
  readonly clientMetadata: ClientMetadataSettings;
  readonly clients: readonly ClientSettings[];
}

/** The OpenID provider where users log in. */
export interface LoginProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly scopes: readonly string[];
  readonly kind: IssuerExtras['provider'];
  readonly claims: ClaimSettings;
}

/** Client ID Metadata Documents. */
export interface ClientMetadataSettings {
  readonly enabled: boolean;
  /** Host names whose documents count, where `*.example.com` stands for every name below; empty: any public host. */
  readonly allowedHosts: readonly string[];
}

/** A client that the operator registers. */
export interface ClientSettings {
  readonly id: string;
  readonly name?: string;
  readonly redirectUris: readonly string[];
  readonly secret?: string;
  /** For `private_key_jwt`: its keys. */
  readonly jwksUri?: string;
  readonly jwks?: readonly JsonValue[];
}

/** Agents known without registration. The first entry whose id matches counts. */
export interface AgentSettings {
  /** A SPIFFE ID or a client id; `*` as last path segment stands for any rest: `spiffe://company.com/agent/*`. */
  readonly id: string;
  /** How it proves who it is at the token endpoint. */
  readonly authentication: readonly (
    | 'x509-svid'
    | 'jwt-svid'
    | 'private_key_jwt'
    | 'client_metadata'
    | 'none'
  )[];
  /** For `private_key_jwt`. */
  readonly jwksUri?: string;
  readonly jwks?: readonly JsonValue[];
  /** The most any of its tasks may have, by name of a template. Empty: it gets no tasks. */
  readonly templates: readonly string[];
}

/** Tasks and what they may have. */
export interface TaskSettings {
  readonly templates: Readonly<Record<string, TaskTemplateSettings>>;
  readonly defaultSeconds: number;
  readonly maxSeconds: number;
  /** How often a task may be handed on to a sub-agent. */
  readonly maxDepth: number;
  /** The template of tokens that name no task; undefined: such tokens work without one, as far as policies go. */
  readonly implicit?: string;
}

/** The most a task may have. */
export interface TaskTemplateSettings {
  readonly purpose?: string;
  /** Actions such as `github:create_pr`; a name may end with `*`. */
  readonly actions: readonly string[];
  readonly constraints: Readonly<Record<string, readonly JsonValue[]>>;
  readonly calls?: number;
  readonly bytes?: number;
  readonly seconds?: number;
}

/** The SPIFFE Workload API and the trust domains beside our own. */
export interface SpiffeSettings {
  /** `unix:///run/spire/agent.sock`; undefined: `SPIFFE_ENDPOINT_SOCKET`. */
  readonly socket?: string;
  /** By trust domain: where its bundle is, when the Workload API does not bring it. */
  readonly federates: Readonly<Record<string, FederationSettings>>;
}

/** SPIFFE Federation section 5.2: the profile is never guessed from the URL. */
export interface FederationSettings {
  readonly url: string;
  readonly profile: 'https_web' | 'https_spiffe';
  /** For `https_spiffe`: who serves it. */
  readonly endpointSpiffeId?: string;
  /** File with the first bundle of that trust domain (JWKS), where nothing else brings it. */
  readonly bundle?: string;
}

/** Where shared state is. */
export interface StoreSettings {
  /** `memory`, `sqlite`, `redis://…`, `rediss://…` or `postgres://…`. */
  readonly hot: string;
  /** `sqlite` or `postgres://…`. */
  readonly durable: string;
}

/** What encrypts the vault. */
export interface VaultSettings {
  /** Key encryption key: `file`, or `pkcs11` with a module. */
  readonly kek: 'file' | 'pkcs11';
  readonly file?: string;
  readonly pkcs11?: {
    readonly module: string;
    readonly token: string;
    readonly pin: string;
    readonly keyLabel: string;
  };
}

/** `servers.<id>.auth`: whose credential goes to an upstream. Undefined: the configured headers. */
export type UpstreamAuthSettings =
  | OAuthUpstream
  | ExchangeUpstream
  | AssertionUpstream
  | WorkloadUpstream
  | ClientCredentialsUpstream;

/** The same as it is written: which members belong to which kind is checked with the server. */
export interface UpstreamAuthEntry {
  readonly kind: UpstreamAuthSettings['kind'];
  readonly issuer?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly privateKey?: string;
  readonly tokenEndpoint?: string;
  readonly audience?: string;
  readonly spiffeId?: string;
  readonly scopes?: readonly string[];
  readonly subjectToken?: 'access_token' | 'id_token';
  readonly dpop?: boolean;
}

/** Each user connects an account of their own; tokens are kept in the vault. */
export interface OAuthUpstream {
  readonly kind: 'oauth';
  /** The only authorization server that the configured client is known at. Undefined: the first one that is met. */
  readonly issuer?: string;
  /** Undefined: client metadata document, then dynamic registration. */
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly scopes?: readonly string[];
  readonly dpop: boolean;
}

/** RFC 8693 at the upstream's authorization server. */
export interface ExchangeUpstream {
  readonly kind: 'exchange';
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly audience?: string;
  readonly scopes?: readonly string[];
  /** Which token of the login is exchanged. Undefined: the access token, or the ID token of a login without one. */
  readonly subjectToken?: 'access_token' | 'id_token';
}

/** ID-JAG: an assertion of the login provider, used at the upstream's authorization server. */
export interface AssertionUpstream {
  readonly kind: 'identity-assertion';
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly scopes?: readonly string[];
}

/** The gateway's own identity: a JWT-SVID as RFC 7523 grant, or mTLS with its X.509-SVID. */
export interface WorkloadUpstream {
  readonly kind: 'workload-jwt' | 'workload-mtls';
  readonly audience?: string;
  readonly spiffeId?: string;
}

/** The gateway as a client of its own (RFC 6749 section 4.4). */
export interface ClientCredentialsUpstream {
  readonly kind: 'client-credentials';
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly privateKey?: string;
  readonly scopes?: readonly string[];
}
