import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import { asLine, linesOf } from '../stdio/lines.ts';

/** One tool of a server of the demo. */
export interface DemoTool {
  readonly description: string;
  /** Names of its arguments with what they mean; all are strings and all are required. */
  readonly args: Readonly<Record<string, string>>;
  /** Gives the text of the result. What it throws becomes a failed result. */
  readonly run: (args: Readonly<Record<string, string>>) => Promise<string>;
}

const revision = '2026-07-28';
const longestLine = 4 * 1024 * 1024;

/** Serves tools on standard input and output: MCP 2026-07-28, written by hand, as small as the specification allows. */
export async function serveTools(name: string, tools: Readonly<Record<string, DemoTool>>): Promise<void> {
  for await (const line of linesOf(process.stdin, longestLine)) {
    const message: unknown = JSON.parse(Buffer.from(line).toString());
    if (!isJsonObject(message) || message['id'] === undefined) continue;
    const answer = await answerTo(message, name, tools);
    process.stdout.write(
      asLine(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: message['id'], ...answer }))),
    );
  }
}

async function answerTo(
  message: JsonObject,
  name: string,
  tools: Readonly<Record<string, DemoTool>>,
): Promise<JsonObject> {
  const hints = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
  const _meta = { 'io.modelcontextprotocol/serverInfo': { name, version: '1.0.0' } };
  switch (message['method']) {
    case 'server/discover':
      return { result: { ...hints, _meta, supportedVersions: [revision], capabilities: { tools: {} } } };
    case 'tools/list':
      return { result: { ...hints, _meta, tools: Object.entries(tools).map(described) } };
    case 'tools/call':
      return call(objectMember(message, 'params') ?? {}, tools);
    default:
      return { error: { code: -32601, message: 'Method not found' } };
  }
}

function described([name, { description, args }]: readonly [string, DemoTool]): JsonObject {
  const properties = Object.fromEntries(
    Object.entries(args).map(([arg, meaning]) => [arg, { type: 'string', description: meaning }]),
  );
  return { name, description, inputSchema: { type: 'object', properties, required: Object.keys(args) } };
}

async function call(params: JsonObject, tools: Readonly<Record<string, DemoTool>>): Promise<JsonObject> {
  const tool = tools[stringMember(params, 'name') ?? ''];
  if (tool === undefined) return { error: { code: -32602, message: 'Unknown tool' } };
  const given = objectMember(params, 'arguments');
  const args = Object.fromEntries(Object.keys(tool.args).map((arg) => [arg, stringMember(given, arg) ?? '']));
  return tool.run(args).then(
    (text) => ({ result: { resultType: 'complete', content: [{ type: 'text', text }] } }),
    (error: unknown) => ({
      result: { resultType: 'complete', isError: true, content: [{ type: 'text', text: String(error) }] },
    }),
  );
}
