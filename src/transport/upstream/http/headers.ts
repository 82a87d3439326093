import { objectMember } from '../../../model/json.ts';
import type { RelayOrder, UpstreamCredential } from '../../../pipeline/ports.ts';
import { encodeHeaderValue } from '../../../wire/header-value.ts';
import { mirrorsOf } from '../../../wire/param-headers.ts';

const own: ReadonlySet<string> = new Set([
  'accept',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'host',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'transfer-encoding',
]);

/**
 * Builds the headers that every request of one link begins with; for one credential they are built once.
 *
 * INVARIANT: nothing of the client's own request is among them, so neither its token nor its cookies leave.
 */
export function headerBase(fixed: readonly string[]): HeaderBase {
  let known: UpstreamCredential | undefined;
  let built: readonly string[] = fixed;
  return (credential) => {
    if (credential === known) return built;
    built = [...fixed, ...sendable(credential.headers)];
    known = credential;
    return built;
  };
}

/** The headers that every request with a credential begins with. */
export type HeaderBase = (credential: UpstreamCredential) => readonly string[];

/** The headers of one request alone, such as a proof of possession. */
export function proofHeaders({ prove }: UpstreamCredential, method: string, url: string): readonly string[] {
  return prove === undefined ? [] : sendable(prove(method, url));
}

function sendable(headers: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(headers)
    .filter(([name]) => !own.has(name.toLowerCase()))
    .flat();
}

/** The headers by which a request of 2026-07-28 repeats its body (streamable-http, "Request Metadata"). */
export function methodHeaders(method: string, name: string | undefined): readonly string[] {
  return name === undefined
    ? ['mcp-method', method]
    : ['mcp-method', method, 'mcp-name', encodeHeaderValue(name)];
}

/**
 * The mirrored arguments of a tool call: computed anew from the tool's schema, so that they agree with what is sent,
 * and those the client sent that the schema does not know, which an intermediary must forward.
 */
export function argumentHeaders({ call, listed }: RelayOrder): readonly string[] {
  if (call.method !== 'tools/call') return [];
  const computed =
    listed === undefined ? {} : mirrorsOf(listed.item, objectMember(call.params, 'arguments') ?? {});
  const headers = Object.entries(computed).flat();
  if (call.mirrors.size === 0) return headers;
  const names = new Set(Object.keys(computed).map((name) => name.toLowerCase()));
  for (const [name, value] of call.mirrors) {
    if (!names.has(name)) headers.push(name, encodeHeaderValue(value));
  }
  return headers;
}
