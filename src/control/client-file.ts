import { isJsonObject } from '../model/json.ts';
import type { ConfigText } from './config-text.ts';
import { settingsJsonSchema } from './json-schema.ts';

/**
 * Recognizes the file of an MCP client (`.mcp.json`, Claude Desktop, Cursor; VS Code's has `servers` and `inputs`) and
 * gives its servers as settings; undefined for a file of our own. Only JSON without any other setting of ours counts,
 * so that a slip in `bartizan.json` is never taken for a client's habit.
 */
export function readClientFile(file: string, { json, tree }: ConfigText): ClientFile | undefined {
  if (!json || !isJsonObject(tree)) return undefined;
  const members = Object.keys(tree);
  const own = members.some(
    (member) => !shared.has(member) && member in (settingsJsonSchema().properties ?? {}),
  );
  if (own || /(?:^|[\\/])bartizan[^\\/]*$/.test(file)) return undefined;
  const member = 'mcpServers' in tree ? 'mcpServers' : isVsCode(file, tree) ? 'servers' : undefined;
  if (member === undefined) return undefined;
  const ignored = members.filter((name) => name !== member && name !== 'inputs' && name !== '$schema');
  return { member, tree: { mcpServers: tree[member] }, ignored };
}

/** A client's servers, and where they stood. */
export interface ClientFile {
  readonly member: 'mcpServers' | 'servers';
  readonly tree: { readonly mcpServers: unknown };
  /** Members of the file that are the client's own business. */
  readonly ignored: readonly string[];
}

const shared: ReadonlySet<string> = new Set(['mcpServers', 'servers', '$schema']);

function isVsCode(file: string, tree: Readonly<Record<string, unknown>>): boolean {
  if (!isJsonObject(tree['servers'])) return false;
  return 'inputs' in tree || /(?:^|[\\/])\.?mcp\.json$/.test(file);
}
