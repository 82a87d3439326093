import type { JsonObject } from '../../model/json.ts';
import type { Refusal } from '../../model/refusal.ts';
import type { ServerId } from '../../model/server-id.ts';
import type { Clock, EraVerdicts, ListedKind } from '../../pipeline/ports.ts';

/** Which era to speak; `auto` finds out (versioning, "Era Detection"). */
export type EraSetting = 'auto' | 'modern' | 'legacy';

/** How one upstream server is reached. */
export type UpstreamSettings = HttpSettings | StdioSettings;

/** A server behind a URL. */
export interface HttpSettings {
  readonly kind: 'http';
  readonly url: string;
  /** `http` is Streamable HTTP, `sse` the HTTP+SSE transport of 2024-11-05. */
  readonly transport: 'auto' | 'http' | 'sse';
  readonly era: EraSetting;
  /** The longest a call may take, in milliseconds, progress or not; `limits.callMs` when that is less. */
  readonly timeoutMs: number;
  /**
   * How new connections prove themselves by certificate. Answers the same object until something changed; throws while
   * there is no certificate yet, and then nothing is sent.
   */
  readonly tls?: () => UpstreamTls;
}

/** What a connection shows of the gateway, and how the server is judged. */
export interface UpstreamTls {
  /** PEM: the chain, own certificate first, and its private key. */
  readonly certificate: string;
  readonly key: string;
  /**
   * Judges the chain that the server proved the key of, its own certificate first (DER), in place of the Web PKI and the
   * host name; answers why it is not trusted. Undefined: Web PKI.
   */
  readonly judge?: (chain: readonly Uint8Array[]) => Refusal | undefined;
}

/** A server that is a process of this machine. */
export interface StdioSettings {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  /** Beside the few variables that every process gets. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly era: EraSetting;
  readonly timeoutMs: number;
}

/** What bounds the upstream leg. */
export interface UpstreamLimits {
  /** Largest message of an upstream, in bytes. */
  readonly resultBytes: number;
  /** Deepest nesting of a message. */
  readonly jsonDepth: number;
  /** The longest any call may take, in milliseconds (patterns/cancellation, "Timeouts"). */
  readonly callMs: number;
  /** A link that was not used for so long is closed. */
  readonly idleMs: number;
  /** Links to one server: connection pools, sessions or processes of as many principals. */
  readonly linksPerServer: number;
  /** Links of one principal to one server: sessions with different client capabilities. */
  readonly linksPerPrincipal: number;
  /** Connections of one link. */
  readonly connections: number;
  /** Calls of one server that wait for the client's answer to a question of a legacy server. */
  readonly suspendedCalls: number;
  /** Such calls of one principal, so that nobody takes all of them. */
  readonly suspendedPerPrincipal: number;
  /** How long such a call waits. */
  readonly suspendedMs: number;
  readonly listPages: number;
  readonly listItems: number;
  /** How long a list may be kept when its server does not say. */
  readonly listMs: number;
}

/** Limits where nothing else is configured. */
export const defaultUpstreamLimits: UpstreamLimits = {
  resultBytes: 16 * 1024 * 1024,
  jsonDepth: 64,
  callMs: 300_000,
  idleMs: 300_000,
  linksPerServer: 256,
  linksPerPrincipal: 8,
  connections: 256,
  suspendedCalls: 256,
  suspendedPerPrincipal: 32,
  suspendedMs: 600_000,
  listPages: 100,
  listItems: 10_000,
  listMs: 60_000,
};

/** Something that the operator may want to know. Texts of upstreams in it are cut to a bounded length. */
export type UpstreamLog = (server: ServerId, event: string, detail: string) => void;

/** What the upstream leg is made of. */
export interface UpstreamOptions {
  readonly servers: ReadonlyMap<ServerId, UpstreamSettings>;
  readonly verdicts: EraVerdicts;
  readonly clock: Pick<Clock, 'now'>;
  readonly limits?: Partial<UpstreamLimits>;
  /** What the gateway says of itself to upstreams: `name` and `version`. */
  readonly info: JsonObject;
  readonly log: UpstreamLog;
}

/** The settings of one server with what all of them share. */
export interface ServerContext<Settings extends UpstreamSettings = UpstreamSettings> {
  readonly server: ServerId;
  readonly settings: Settings;
  readonly limits: UpstreamLimits;
  readonly info: JsonObject;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: (event: string, detail: string) => void;
}

/** The longest one call may take, in milliseconds: what the server is given, and never more than all calls are. */
export function longestCallMs({ settings, limits }: Pick<ServerContext, 'settings' | 'limits'>): number {
  return Math.min(settings.timeoutMs, limits.callMs);
}

/** What a link knows: its server, and whom to tell that a list changed for its principal. */
export interface LinkContext<Settings extends UpstreamSettings = UpstreamSettings>
  extends ServerContext<Settings> {
  readonly listChanged: (kind: ListedKind) => void;
}
