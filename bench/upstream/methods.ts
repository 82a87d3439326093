import { jsonReply } from './replies.ts';

const tool = {
  name: 'lookup',
  description: 'Looks a text up in the library.',
  inputSchema: {
    type: 'object',
    properties: { reply: { type: 'string' }, bytes: { type: 'integer' }, text: { type: 'string' } },
    required: ['reply', 'bytes', 'text'],
  },
};

const serverInfo = { name: 'static', version: '1.0.0' };

const discovery = {
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: {} },
  ttlMs: 3_600_000,
  cacheScope: 'public',
  _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
};

const listing = { resultType: 'complete', tools: [tool], ttlMs: 3_600_000, cacheScope: 'public' };

/** The reply to the few requests beside `tools/call` with which a gateway learns a server (MCP 2026-07-28). */
export const learningReply = (body: string): string => {
  const message = JSON.parse(body) as { id?: unknown; method?: string };
  if (message.id === undefined) return 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n';
  const results = new Map<string | undefined, object>([
    ['server/discover', discovery],
    ['tools/list', listing],
  ]);
  const result = results.get(message.method);
  if (result === undefined) return notFound(message.id);
  return jsonReply(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
};

/** HTTP 404 with -32601, as streamable-http asks for an unknown method. */
const notFound = (id: unknown): string =>
  jsonReply(
    JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'method not found' } }),
  ).replace('200 OK', '404 Not Found');
