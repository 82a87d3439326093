import type { Call, JsonRpcId, Reply, Revision } from '../model/call.ts';
import type { JsonDocument, JsonObject } from '../model/json.ts';
import type { Refusal } from '../model/refusal.ts';

/**
 * One MCP revision as this project speaks it. Inside the gateway every message has the shape of 2026-07-28; a codec
 * turns that shape into its own revision and back, on both sides. A new revision is one folder that exports a
 * `Codec`, and one line in `revisions.ts`.
 */
export interface Codec {
  readonly revision: Revision;
  readonly era: 'modern' | 'legacy';
  readonly front: FrontDialect;
  readonly upstream: UpstreamDialect;
}

/** Towards clients that speak this revision. */
export interface FrontDialect {
  /** Request methods that exist in this revision. Membership is support: what is not listed is unknown. */
  readonly methods: ReadonlySet<string>;
  /** The answer as a client of this revision reads it, with the id of the call. */
  readonly reply: (reply: Reply, call: Call) => JsonDocument;
  /** A notification as a client of this revision reads it; undefined if the revision has no such notification. */
  readonly notification: (message: JsonDocument) => JsonDocument | undefined;
}

/** Towards upstream servers that speak this revision. */
export interface UpstreamDialect {
  /** The request to send. Bytes that need no change are not changed. */
  readonly request: (call: Call, wish: RequestWish) => JsonDocument;
  /** The upstream's JSON-RPC response in the inner shape. Unknown result types are refused. */
  readonly reply: (response: JsonDocument, call: Pick<Call, 'method'>) => Reply | Refusal;
  /** An upstream's notification in the inner shape; undefined if it has no meaning to us. */
  readonly notification: (message: JsonDocument) => JsonDocument | undefined;
}

/** What has to differ from the client's request when it goes to an upstream. */
export interface RequestWish {
  readonly id: JsonRpcId;
  /** The upstream's own name or URI of the target. */
  readonly target: string | undefined;
  /** The capabilities to declare: what the client declared, less what the gateway does not police. */
  readonly capabilities: JsonObject;
  readonly clientInfo: JsonObject;
  /** The token under which progress is reported on a shared connection; undefined: as the client sent it. */
  readonly progressToken?: JsonRpcId;
  /** The upstream's own request state, on a retry. */
  readonly requestState: string | undefined;
}
