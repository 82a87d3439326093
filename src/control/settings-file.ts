import type {
  AgentSettings,
  AuthorizationServerSettings,
  IssuerExtras,
  ProofSettings,
  SpiffeSettings,
  StoreSettings,
  TaskSettings,
  TlsSettings,
  UpstreamAuthEntry,
  VaultSettings,
} from './settings-identity.ts';

/**
 * `bartizan.yaml` as it is written, with its references expanded and its defaults filled in. Paths are still those of
 * the file; `resolve-settings.ts` makes {@link Settings} of it. These interfaces are the source of truth: the schema in
 * `settings-schema.ts` is typed by them.
 */
export interface SettingsFile {
  readonly $schema?: string;
  readonly apiVersion: 'bartizan/v1';
  readonly listen: ListenSettings;
  readonly servers: Readonly<Record<string, ServerEntry>>;
  readonly mcpServers: Readonly<Record<string, ClientEntry>>;
  readonly resources: Readonly<Record<string, ResourceEntry>>;
  readonly identity: IdentitySettings;
  readonly authorizationServer: AuthorizationServerSettings;
  readonly agents: readonly AgentSettings[];
  readonly tasks: TaskSettings;
  readonly spiffe?: SpiffeSettings;
  readonly policy: PolicyEntry;
  readonly guard: GuardSettings;
  readonly audit: AuditEntry;
  readonly state: StateEntry;
  readonly store: StoreSettings;
  readonly vault: VaultSettings;
  readonly limits: LimitSettings;
}

/** Where clients reach the gateway. */
export interface ListenSettings {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The origin that clients and tokens name; undefined: `http://<host>:<port>`. */
  readonly publicUrl?: string;
  /** Lets a host that other machines reach do without TLS in `publicUrl`. */
  readonly allowInsecurePublicUrl: boolean;
  readonly allowedOrigins: readonly string[];
  readonly allowedHosts: readonly string[];
  readonly tls?: TlsSettings;
}

/** One upstream server of `servers`: either `url` or `command`. */
export interface ServerEntry {
  readonly url?: string;
  readonly transport?: 'auto' | 'http' | 'sse';
  readonly headers?: Readonly<Record<string, string>>;
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly tags?: Tags;
  readonly tools?: Readonly<Record<string, ToolSettings>>;
  readonly timeoutSeconds?: number;
  readonly era?: Era;
  readonly auth?: UpstreamAuthEntry;
}

/** Which era of MCP a server speaks (versioning, "Era Detection"); `auto` asks it. */
export type Era = 'auto' | 'modern' | 'legacy';

/** Operator's attributes of a thing, for policies (NIST SP 800-162 object attributes). */
export type Tags = Readonly<Record<string, string>>;

/** What the operator knows of one tool. */
export interface ToolSettings {
  readonly tags?: Tags;
  /** JSON Pointer (RFC 6901) into the arguments: the thing the call acts on. */
  readonly resource?: string;
}

/** One server of a client's own file. Members that clients invented beside these are tolerated. */
export interface ClientEntry {
  readonly type?: string;
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | number | boolean>>;
  readonly cwd?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly disabled?: boolean;
  readonly [member: string]: unknown;
}

/** Tags of resources by `server:id`, where the id may hold `*`. */
export interface ResourceEntry {
  readonly tags: Tags;
}

/** Who may be a caller. */
export interface IdentitySettings {
  readonly owner: OwnerSettings;
  readonly issuers: readonly IssuerSettings[];
  /** Scopes that every token must carry. */
  readonly scopes: readonly string[];
  readonly proof: ProofSettings;
}

/** The person who starts the gateway on a machine of their own. */
export interface OwnerSettings {
  readonly enabled: boolean;
  readonly roles: readonly string[];
  readonly tokenMinutes: number;
}

/** An issuer of JWT access tokens (RFC 9068). */
export interface IssuerSettings extends IssuerExtras {
  readonly issuer: string;
  /** Undefined: found through the issuer's metadata (RFC 8414). */
  readonly jwksUri?: string;
  /** Undefined: the resource URI of the endpoint alone (RFC 8707 section 2). */
  readonly audiences?: readonly string[];
  /** Undefined: those the provider is known for, or all that are known here. */
  readonly algorithms?: readonly SignatureAlgorithm[];
  /** Takes tokens whose `typ` is `JWT` or absent. */
  readonly allowPlainJwt: boolean;
  readonly claims: ClaimSettings;
}

/** Signature algorithms of tokens (RFC 7518 section 3.1, RFC 8037 section 3.1). */
type SignatureAlgorithm = 'ES256' | 'ES384' | 'RS256' | 'PS256' | 'EdDSA';

/** Which claims say what: the name of a claim, or a JSON Pointer (RFC 6901) into the claims. */
export interface ClaimSettings {
  /** Undefined: `roles`, or what the provider is known for. */
  readonly roles?: string;
  /** Undefined: `groups`. */
  readonly groups?: string;
  readonly tenant?: string;
  /** The first that is there counts; undefined: `/act/sub`, `client_id`, `azp`. */
  readonly agent?: readonly string[];
  /** Undefined: every device counts as unmanaged. */
  readonly device?: DeviceClaims;
}

/** Which claims speak of the device. */
export interface DeviceClaims {
  readonly id?: string;
  readonly managed: string;
  /** Undefined: `iat`. */
  readonly observedAt?: string;
  /** A posture older than this counts as unmanaged. */
  readonly maxAgeSeconds: number;
}

/** Which policies decide. */
export interface PolicyEntry {
  /** Undefined: the embedded default policy. */
  readonly files?: readonly string[];
  readonly timezone: string;
}

/** `enforce` acts on a finding, `note` only records it, `off` does not look. */
export type GuardMode = 'enforce' | 'note' | 'off';

/** What is inspected. */
export interface GuardSettings {
  readonly hiddenText: GuardMode;
  readonly secrets: GuardMode;
}

/** Where decisions are recorded. */
export interface AuditEntry {
  readonly directory?: string;
  /** `strict`: no record, no release. `relaxed`: results may leave before their record is on disk. */
  readonly sync: 'strict' | 'relaxed';
}

/** Where the gateway keeps what it must remember. */
export interface StateEntry {
  readonly directory?: string;
}

/** Every bound, with its unit in the name. */
export interface LimitSettings {
  readonly bodyBytes: number;
  readonly resultBytes: number;
  readonly jsonDepth: number;
  readonly headerBytes: number;
  readonly bodySeconds: number;
  readonly stallSeconds: number;
  readonly keepAliveSeconds: number;
  readonly askSeconds: number;
  readonly callSeconds: number;
  readonly callsPerPrincipal: number;
  readonly streamsPerPrincipal: number;
  readonly sessions: number;
  readonly sessionsPerPrincipal: number;
  readonly sessionIdleSeconds: number;
  /** Processes or sessions of one server, over all principals. */
  readonly upstreams: number;
  readonly upstreamIdleSeconds: number;
}
