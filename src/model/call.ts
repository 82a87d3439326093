import type { Branded } from './brand.ts';
import type { JsonDocument, JsonObject } from './json.ts';
import type { Method } from './method.ts';
import type { Endpoint } from './public-name.ts';
import type { TraceContext } from './trace.ts';

/** A JSON-RPC id: a string or a safe integer. Fractions, null and larger numbers are refused at the edge. */
export type JsonRpcId = string | number;

/** Whether a value is an id that JSON-RPC 2.0 section 4 and MCP allow. */
export function isJsonRpcId(value: unknown): value is JsonRpcId {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

/** An MCP protocol revision by its date, such as `2026-07-28`; the list of those in use is `wire/revisions.ts`. */
export type Revision = Branded<'Revision'>;

/** What the client said of itself, on this request (modern) or when its session began (legacy). Self-reported: never authorize on it. */
export interface ClientFacts {
  readonly revision: Revision;
  readonly capabilities: JsonObject;
  readonly info?: JsonObject;
  /** The least severe level of `notifications/message` that the client asked for. */
  readonly logLevel?: string;
  readonly progressToken?: JsonRpcId;
}

/**
 * One MCP request, whatever revision and transport it came by.
 *
 * INVARIANT: `params` is the `params` of `document`. What is authorized is what is forwarded: nobody edits a call,
 * a changed call is a new call and starts at the first stage again.
 */
export interface Call {
  readonly id: JsonRpcId;
  readonly method: Method;
  readonly endpoint: Endpoint;
  /** The public name or URI that the request names, if its method has one. */
  readonly target: string | undefined;
  readonly params: JsonObject;
  readonly document: JsonDocument;
  readonly client: ClientFacts;
  readonly trace: TraceContext;
  /** The `Mcp-Param-*` headers as received, lower-case name to decoded value; empty on legacy revisions. */
  readonly mirrors: ReadonlyMap<string, string>;
}

/**
 * An answer in the project's one message shape, a JSON-RPC response of 2026-07-28. Revision codecs turn it into and
 * out of the older shapes.
 */
export interface Reply {
  readonly kind: 'complete' | 'input_required' | 'error';
  readonly document: JsonDocument;
}
