import type { ServerId } from '../model/server-id.ts';
import type {
  Era,
  GuardSettings,
  IdentitySettings,
  LimitSettings,
  ListenSettings,
  Tags,
  ToolSettings,
} from './settings-file.ts';
import type { StrongIdentitySettings, UpstreamAuthSettings } from './settings-identity.ts';

/** What the gateway runs by: every path absolute, every reference resolved, every policy read. */
export interface Settings extends StrongIdentitySettings {
  readonly listen: ListenSettings;
  /** In the order of the file; ids are unique. */
  readonly servers: readonly ServerSettings[];
  /** Tags by `server:id`, where the id may hold `*`. */
  readonly resources: ReadonlyMap<string, Tags>;
  readonly identity: IdentitySettings;
  readonly policy: PolicySettings;
  readonly guard: GuardSettings;
  readonly audit: AuditSettings;
  readonly state: StateSettings;
  readonly limits: LimitSettings;
}

/** One upstream server. */
export interface ServerSettings {
  readonly id: ServerId;
  readonly target: HttpTarget | StdioTarget;
  readonly tags: Tags;
  /** By the server's own name of the tool. */
  readonly tools: ReadonlyMap<string, ToolSettings>;
  /** How long one call may take; never more than `limits.callSeconds` when that is less. */
  readonly timeoutSeconds: number;
  readonly era: Era;
}

/** A server behind a URL. */
export interface HttpTarget {
  readonly kind: 'http';
  readonly url: string;
  /** `http` is Streamable HTTP, `sse` the HTTP+SSE transport of 2024-11-05. */
  readonly transport: 'auto' | 'http' | 'sse';
  /** Sent with every request: the operator's credential for this server. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whose credential goes there, beside the headers. */
  readonly auth?: UpstreamAuthSettings;
}

/** A server that is a process of this machine, one for each principal. */
export interface StdioTarget {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the few variables every process gets. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** The policies, read. */
export interface PolicySettings {
  readonly sources: readonly PolicyText[];
  /** Whether the sources are the embedded default, because no file is configured. */
  readonly embedded: boolean;
  /** IANA name of the zone in which policies read the time of day. */
  readonly timezone: string;
}

/** One Cedar file. */
export interface PolicyText {
  /** Its path as messages show it. */
  readonly name: string;
  readonly text: string;
}

/** The audit log. */
interface AuditSettings {
  readonly directory: string;
  readonly sync: 'strict' | 'relaxed';
}

/** The gateway's own memory. */
interface StateSettings {
  readonly directory: string;
}
