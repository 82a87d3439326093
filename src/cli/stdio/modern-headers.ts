import { type JsonDocument, objectMember } from '../../model/json.ts';
import { methodFacts } from '../../model/method.ts';
import { encodeHeaderValue } from '../../wire/header-value.ts';
import type { KnownTools } from './known-tools.ts';
import { paramsOf } from './message.ts';

/**
 * The headers that mirror a message of 2026-07-28 (streamable-http, "Request Metadata"). On stdio a client sends none,
 * so the bridge writes what the body says; it is the gateway that compares the two.
 */
export function modernHeaders(
  revision: string,
  method: string,
  document: JsonDocument,
  tools: KnownTools,
): Readonly<Record<string, string>> {
  const params = paramsOf(document);
  const target = methodFacts(method)?.target;
  const named = target === undefined ? undefined : params?.[target];
  const called = method === 'tools/call' && typeof named === 'string';
  return {
    'MCP-Protocol-Version': encodeHeaderValue(revision),
    'Mcp-Method': encodeHeaderValue(method),
    ...(typeof named === 'string' && { 'Mcp-Name': encodeHeaderValue(named) }),
    ...(called && tools.headers(named, objectMember(params, 'arguments') ?? {})),
  };
}
