import type { Call, Reply } from '../model/call.ts';
import type { Connect } from '../model/connect.ts';
import type { AccessRequest, Decision, Resource } from '../model/decision.ts';
import type { Eventual } from '../model/eventual.ts';
import type { Finding } from '../model/finding.ts';
import type { JsonDocument, JsonObject } from '../model/json.ts';
import type { Listed, Primitive, PrimitiveKind } from '../model/primitive.ts';
import type { Endpoint } from '../model/public-name.ts';
import type { AuditRecord } from '../model/record.ts';
import type { Refusal } from '../model/refusal.ts';
import type { ServerId } from '../model/server-id.ts';
import type { SpiffeId } from '../model/spiffe-id.ts';
import type { PrincipalKey, Subject } from '../model/subject.ts';
import type { Permit } from './authorize.ts';
import type { Spending } from './store-ports.ts';

/** Everything the pipeline needs from the rest of the gateway. Adapters comply; they never meet one another. */
export interface Ports {
  readonly clock: Clock;
  readonly identity: Identity;
  readonly tasks: Tasks;
  readonly catalog: Catalog;
  readonly policy: Policy;
  readonly tagger: Tagger;
  readonly guard: Guard;
  readonly broker: CredentialBroker;
  readonly upstreams: Upstreams;
  readonly journal: Journal;
  readonly seal: Seal;
  readonly front: Front;
}

/** Time and randomness. */
export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Microseconds on a clock that only goes forward; for durations. */
  readonly microseconds: () => number;
  /** A new UUIDv7 (RFC 9562 section 5.7). */
  readonly uuid: () => string;
}

/** What a request shows to prove who sends it. */
export interface Credentials {
  /** The `Authorization` header as received. */
  readonly authorization: string | undefined;
  /** The canonical URI of the virtual server: the audience a token must name (RFC 8707 section 2, RFC 9728 section 3). */
  readonly resource: string;
  /** Where the metadata of that resource stands, for the challenge (RFC 9728 section 5.1). */
  readonly metadataUrl: string;
  /** Header look-up, lower-case names, for device posture and proofs of possession. */
  readonly header: (name: string) => string | undefined;
  readonly peer: string;
  /** The HTTP method, and the public URL of the request without query: what a DPoP proof names (RFC 9449 section 4.2). */
  readonly method: string;
  readonly url: string;
  /** The certificate chain that the peer proved the key of in the TLS handshake; undefined without one. */
  readonly certificate?: PeerCertificate;
}

/** A client certificate. It was proven to be the peer's; whether anybody trusts it is not decided yet. */
export interface PeerCertificate {
  /** DER, the peer's own first. One object for one connection. */
  readonly chain: readonly Uint8Array[];
  /** SHA-256 of the peer's own certificate, base64url (RFC 8705 section 3.1). */
  readonly thumbprint: string;
}

/**
 * Turns credentials into a subject. Called on every request; must not read the network when the token was seen before. One
 * object of credentials is one request: asked about it again, the answer is the same, although a proof counts only once.
 */
export interface Identity {
  readonly identify: (credentials: Credentials) => Eventual<Subject | Refusal>;
}

/** Tasks as the pipeline sees them: what lives, what is used up, what ended. */
export interface Tasks {
  /**
   * Counts one call against the budgets of the subject's task and its ancestors, and shows how long its answer may be
   * waited for. Refuses when the task, its user, agent or device has ended, or the budget is used up.
   */
  readonly begin: (subject: Subject, spending: Spending) => Eventual<TaskUse | Refusal>;
  /** Charges bytes that came back. Refuses when there are more than the budget has left: then they are not released. */
  readonly charge: (subject: Subject, bytes: number) => Eventual<Refusal | undefined>;
}

/** A call that may go on. */
export interface TaskUse {
  /** Aborts, within a second, when the task, its user, agent or device ends, on whatever replica that was said. */
  readonly ended: AbortSignal;
}

/** One call as the listener hands it over. */
export interface Arrival {
  readonly endpoint: Endpoint;
  readonly credentials: Credentials;
  /** Reads the message in the dialect of the client, once its sender is known. The subject must own the legacy session. */
  readonly decode: (subject: Subject) => Call | Refusal;
  /**
   * Compares the `Mcp-Param-*` headers with the arguments, once the tool's schema is known (streamable-http, "Server
   * Behavior for Custom Headers"). Headers that the schema does not name are ignored; legacy revisions have none.
   */
  readonly agrees: (call: Call, listed: Listed | undefined) => Refusal | undefined;
  /** The way back to the client while the call runs. */
  readonly channel: Channel;
}

/** The way back to the client of one running call. Messages are JSON-RPC notifications of 2026-07-28. */
export interface Channel {
  /** Resolves when the client can take more, so that a slow client slows the upstream down. */
  readonly send: (message: JsonDocument) => Promise<void>;
}

/** Facts about the gateway's own front. */
export interface Front {
  /** The upstream servers of an endpoint in configured order; undefined for an endpoint that does not exist. */
  readonly servers: (endpoint: Endpoint) => readonly ServerId[] | undefined;
  /** Protocol revisions offered to clients, newest first. */
  readonly revisions: readonly string[];
  readonly info: JsonObject;
  /** Aborts when another configuration takes over: what was decided by the old one must be asked again. */
  readonly replaced: AbortSignal;
}

/** Who uses an upstream, and what the client can do. */
export interface Caller {
  readonly subject: Subject;
  /**
   * The client capabilities as declared. A server with sessions may show and do other things for other capabilities, so
   * lists and calls of one caller go through the same session.
   */
  readonly capabilities: JsonObject;
}

/** On whose behalf an upstream is used. State of different principals is never shared. */
export interface Scope extends Caller {
  readonly principal: PrincipalKey;
  readonly credential: UpstreamCredential;
}

/** What is presented to an upstream: header values, never the client's own token. */
export interface UpstreamCredential {
  readonly headers: Readonly<Record<string, string>>;
  /** Headers of one request alone, such as a DPoP proof (RFC 9449 section 4). The URL has no query. */
  readonly prove?: (method: string, url: string) => Readonly<Record<string, string>>;
  /**
   * Asked once when the upstream turned the credential down; answers another one to try with, what the user must do
   * first, or why there is nothing to be done.
   */
  readonly renew?: (challenge: UpstreamChallenge) => Promise<UpstreamCredential | Connect | Refusal>;
}

/** How an upstream turned a credential down. */
export interface UpstreamChallenge {
  readonly status: 401 | 403;
  /** Its `WWW-Authenticate` header. */
  readonly authenticate: string | undefined;
  /** Its `DPoP-Nonce` header (RFC 9449 section 9). */
  readonly nonce: string | undefined;
}

/** Finds the credential of one upstream for one subject. */
export interface CredentialBroker {
  readonly credential: (
    server: ServerId,
    subject: Subject,
  ) => Eventual<UpstreamCredential | Connect | Refusal>;
}

/** The lists of the upstreams, cached for each principal on its own. */
export interface Catalog {
  /** All entries of one kind, in the upstream's order. A refusal says the upstream could not be asked. */
  readonly list: (
    server: ServerId,
    kind: ListedKind,
    caller: Caller,
  ) => Eventual<readonly Listed[] | Refusal>;
  /**
   * The entry of a primitive that `accept` takes; for a resource, the entry of its URI or else the template that
   * matches it. A miss asks the upstream again if the list is old enough.
   *
   * INVARIANT: an entry that `accept` turns down takes the same way as one that does not exist, so that the time of
   * the answer does not tell them apart.
   */
  readonly find: (
    primitive: Primitive,
    caller: Caller,
    accept: (listed: Listed) => boolean,
  ) => Eventual<Listed | undefined | Refusal>;
  /** What the server says of itself. */
  readonly describe: (server: ServerId, caller: Caller) => Eventual<ServerDescription | Refusal>;
}

/** The kinds that have lists. */
export type ListedKind = Exclude<PrimitiveKind, 'server'>;

/** An upstream's `server/discover` result, or what its `initialize` result says of the same. */
export interface ServerDescription {
  readonly capabilities: JsonObject;
  readonly instructions?: string;
}

/** The policy engine. Pure: reads no clock and no network. */
export interface Policy {
  readonly decide: (request: AccessRequest) => Decision;
  /** Whether some arguments could be permitted; for lists. Must be true wherever {@link decide} could permit. */
  readonly couldPermit: (request: AccessRequest) => boolean;
}

/** Knows the operator's tags. */
export interface Tagger {
  /** The resource of a call, with what the tool's contract takes from the arguments. */
  readonly resource: (primitive: Primitive, args: JsonObject | undefined) => Resource;
}

/** Content inspection. Synchronous and linear in the size of what it reads. */
export interface Guard {
  /** The arguments of a call on their way out. */
  readonly call: (call: Call) => readonly Finding[];
  /** A result or notification on its way in; `replacement` is the message without what had to be stripped. */
  readonly message: (document: JsonDocument) => Inspection;
  /** A list entry or instructions: text that a model will read as if the operator had written it. */
  readonly description: (item: JsonObject) => readonly Finding[];
}

/** What a guard makes of a message. */
export interface Inspection {
  readonly findings: readonly Finding[];
  readonly replacement?: JsonDocument;
}

/** The upstream servers. */
export interface Upstreams {
  /** Sends one permitted call and resolves with its answer. Aborting the signal cancels it at the upstream. */
  readonly relay: (order: RelayOrder, signal: AbortSignal) => Promise<Reply | Refusal>;
  /** Opens the change stream of one server; resolves when it ends. */
  readonly listen: (order: ListenOrder, signal: AbortSignal) => Promise<void>;
}

/** One permitted call for one upstream. */
export interface RelayOrder {
  /** The proof that this call was authorized; nothing is sent without it. */
  readonly permit: Permit;
  readonly call: Call;
  readonly primitive: Primitive;
  /** The list entry of the primitive, whose schema says which arguments are mirrored in headers. */
  readonly listed: Listed | undefined;
  /** The upstream's own `requestState`, unsealed, for a retry. */
  readonly requestState: string | undefined;
  readonly scope: Scope;
  /** Takes what the upstream sends while the call runs; resolves when more can be taken. */
  readonly notify: (message: JsonDocument) => Promise<void>;
}

/** A subscription to one upstream. */
export interface ListenOrder {
  readonly permit: Permit;
  readonly server: ServerId;
  readonly filter: ListenFilter;
  readonly scope: Scope;
  /** Called once, when the stream stands and no later change can be missed. */
  readonly ready: () => void;
  readonly notify: (message: JsonDocument) => Promise<void>;
}

/** Which changes are wanted (patterns/subscriptions, "Filter"); resource URIs are the upstream's own. */
export interface ListenFilter {
  readonly toolsListChanged: boolean;
  readonly promptsListChanged: boolean;
  readonly resourcesListChanged: boolean;
  readonly resourceSubscriptions: readonly string[];
}

/** The audit log. */
export interface Journal {
  /**
   * Appends a record. Records are kept in the order of the calls. The promise resolves when the record would survive
   * a crash of the machine, and rejects when it cannot be kept: then nothing that depends on it may be released.
   */
  readonly append: (record: AuditRecord) => Promise<void>;
}

/** Authenticated encryption of handles that travel through the client (`requestState`, cursors). */
export interface Seal {
  /** Wraps a text so that only the same binding opens it before `expiresAt` (milliseconds since the epoch). */
  readonly wrap: (text: string, binding: string, expiresAt: number) => string;
  /** Opens it again; undefined for an altered, foreign, expired or unknown one. */
  readonly unwrap: (sealed: string, binding: string) => string | undefined;
}

/** Remembers which era an upstream speaks, with the date of the finding: an old `legacy` verdict must be asked again. */
export interface EraVerdicts {
  readonly recall: (server: ServerId) => EraVerdict | undefined;
  readonly remember: (server: ServerId, verdict: EraVerdict) => void;
}

/** How an upstream answered the first probe (versioning, "Era Detection"). */
export interface EraVerdict {
  readonly era: 'modern' | 'legacy';
  /** `http`: Streamable HTTP. `sse`: the HTTP+SSE transport of 2024-11-05. */
  readonly transport: 'http' | 'sse' | 'stdio';
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** One call from arrival to release, as the listeners use it: `enforce.ts` behind its name. */
export type Enforce = (arrival: Arrival, signal: AbortSignal) => Promise<Outcome>;

/** What became of a call. */
export type Outcome = Released | Refused;

/** The answer may go to the client: it was decided, guarded and recorded. */
export interface Released {
  readonly kind: 'released';
  /** The id of the decision, for the caller and the record. */
  readonly decisionId: string;
  readonly subject: Subject;
  readonly call: Call;
  readonly reply: Reply;
}

/** The call was refused. What was known by then is given, so that the answer can have the right shape. */
export interface Refused {
  readonly kind: 'refused';
  readonly decisionId: string;
  readonly refusal: Refusal;
  readonly subject: Subject | undefined;
  readonly call: Call | undefined;
}

/** Asks upstreams for their lists; the catalog is filled from it. */
export interface Inventory {
  /** Every entry of one kind, all pages, bounded; entries that break the rules of the specification are dropped. */
  readonly items: (
    server: ServerId,
    kind: ListedKind,
    scope: Scope,
    signal: AbortSignal,
  ) => Promise<Inventoried | Refusal>;
  readonly describe: (
    server: ServerId,
    scope: Scope,
    signal: AbortSignal,
  ) => Promise<ServerDescription | Refusal>;
  /** Calls the listener when an upstream says that a list changed for a principal. */
  readonly onListChanged: (listener: ListChanged) => void;
}

/** What an upstream listed, and for how many milliseconds it may be kept. */
export interface Inventoried {
  readonly items: readonly JsonObject[];
  readonly ttlMs: number;
}

/** A list of one kind changed, as one principal sees it. */
export type ListChanged = (server: ServerId, kind: ListedKind, principal: PrincipalKey) => void;

/** The certificate that the gateway shows, as a server and towards upstreams. It may change at any time. */
export interface TlsIdentity {
  /** PEM: the chain, own certificate first, and the private key. Throws while there is none yet. */
  readonly material: () => { readonly certificate: string; readonly key: string };
  readonly onChange: (listener: () => void) => () => void;
}

/** Tells which workload a verified chain speaks for (X509-SVID section 5), or why it speaks for none. */
export type VerifyPeer = (chain: readonly Uint8Array[]) => SpiffeId | Refusal;
