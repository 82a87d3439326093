import type { JsonObject } from '../../src/model/json.ts';

/** `_meta` of a modern request. */
export const modernMeta: JsonObject = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** The text of a modern request. */
export function modernBody(method: string, params: JsonObject = {}, id: string | number = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: modernMeta } });
}

/** The headers that mirror it. */
export function modernHeaders(method: string, name?: string): Record<string, string> {
  return {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(name === undefined ? {} : { 'mcp-name': name }),
  };
}
