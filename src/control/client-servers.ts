import { resolve } from 'node:path';
import type { ServerId } from '../model/server-id.ts';
import type { TreeFault } from './explain-issue.ts';
import { list } from './explain-issue.ts';
import { slugServerIds } from './server-slugs.ts';
import type { HttpTarget, ServerSettings, StdioTarget } from './settings.ts';
import type { ClientEntry } from './settings-file.ts';

/** Servers made of a client's entries, with what had to be changed or passed over. */
export interface ClientServers {
  readonly servers: readonly ServerSettings[];
  readonly faults: readonly TreeFault[];
  readonly notices: readonly TreeFault[];
}

/**
 * Makes servers of `mcpServers`. Names become server ids; members that only the client understands are passed over
 * with a notice; a disabled server is left out.
 *
 * @param cwd where the processes start when an entry does not say, as clients do it
 */
export function readClientServers(
  entries: Readonly<Record<string, ClientEntry>>,
  context: { readonly taken: ReadonlySet<string>; readonly cwd: string; readonly callSeconds: number },
): ClientServers {
  const enabled = Object.entries(entries).filter(([, { disabled }]) => disabled !== true);
  const ids = slugServerIds(
    enabled.map(([name]) => name),
    context.taken,
  );
  const parts = enabled.map(([name, entry]) => readEntry(name, entry, ids.get(name), context));
  const left = Object.keys(entries).filter((name) => entries[name]?.disabled === true);
  return {
    servers: parts.flatMap(({ server }) => (server === undefined ? [] : [server])),
    faults: parts.flatMap(({ faults }) => faults),
    notices: [
      ...left.map((name) => note(name, `the server \`${name}\` is disabled and left out`)),
      ...parts.flatMap(({ notices }) => notices),
    ],
  };
}

interface ReadEntry {
  readonly server?: ServerSettings;
  readonly faults: readonly TreeFault[];
  readonly notices: readonly TreeFault[];
}

function readEntry(
  name: string,
  entry: ClientEntry,
  id: ServerId | undefined,
  context: { readonly taken: ReadonlySet<string>; readonly cwd: string; readonly callSeconds: number },
): ReadEntry {
  const faults = [...misplaced(name, entry), ...conflicts(name, entry, context.taken)];
  const target = readTarget(entry, context.cwd);
  if (entry.command === undefined && urlOf(entry) === undefined)
    faults.push(note(name, `the server \`${name}\` needs \`command\` or \`url\``));
  if (id === undefined || target === undefined || faults.length > 0) return { faults, notices: [] };
  const server = {
    id,
    target,
    tags: {},
    tools: new Map(),
    timeoutSeconds: context.callSeconds,
    era: 'auto' as const,
  };
  return { server, faults: [], notices: noticesOf(name, id, entry) };
}

/** Members that mean something under `servers` and would silently mean nothing here. */
function misplaced(name: string, entry: ClientEntry): TreeFault[] {
  return ['tags', 'tools', 'era', 'timeoutSeconds']
    .filter((member) => entry[member] !== undefined && !Array.isArray(entry[member]))
    .map((member) => ({
      path: ['mcpServers', name, member],
      named: true,
      message: `\`${member}\` has no effect under \`mcpServers\`; move the server \`${name}\` to \`servers\``,
    }));
}

function conflicts(name: string, entry: ClientEntry, taken: ReadonlySet<string>): TreeFault[] {
  const faults: TreeFault[] = [];
  if (taken.has(name))
    faults.push(note(name, `the server \`${name}\` stands under \`servers\` too; keep one of them`));
  if (entry.command !== undefined && urlOf(entry) !== undefined)
    faults.push(note(name, `the server \`${name}\` has both \`command\` and \`url\`; keep one of them`));
  return faults;
}

function readTarget(entry: ClientEntry, cwd: string): HttpTarget | StdioTarget | undefined {
  const url = urlOf(entry);
  if (entry.command !== undefined && url === undefined) {
    const env = Object.entries(entry.env ?? {}).map(([key, value]): [string, string] => [key, String(value)]);
    const { command, args = [] } = entry;
    return {
      kind: 'stdio',
      command,
      args,
      env: Object.fromEntries(env),
      cwd: resolve(cwd, entry.cwd ?? '.'),
    };
  }
  if (url === undefined || entry.command !== undefined) return undefined;
  return {
    kind: 'http',
    url,
    transport: transports[entry.type ?? ''] ?? 'auto',
    headers: entry.headers ?? {},
  };
}

const transports: Readonly<Record<string, HttpTarget['transport']>> = {
  http: 'http',
  'streamable-http': 'http',
  streamableHttp: 'http',
  sse: 'sse',
};

/** Windsurf and Antigravity write `serverUrl`, Gemini CLI `httpUrl`. */
function urlOf({ url, serverUrl, httpUrl }: ClientEntry): string | undefined {
  const found = url ?? serverUrl ?? httpUrl;
  return typeof found === 'string' && /^https?:\/\//.test(found) ? found : undefined;
}

const understood: ReadonlySet<string> = new Set(
  'type command args env cwd url serverUrl httpUrl headers disabled'.split(' '),
);

function noticesOf(name: string, id: ServerId, entry: ClientEntry): TreeFault[] {
  const strange = Object.keys(entry).filter((member) => !understood.has(member));
  const renamed = id === name ? [] : [note(name, `the server \`${name}\` is called \`${id}\` here`)];
  return strange.length === 0
    ? renamed
    : [
        ...renamed,
        note(
          name,
          `${list(strange)} of the server \`${name}\` ${strange.length > 1 ? 'are' : 'is'} passed over`,
        ),
      ];
}

function note(name: string, message: string): TreeFault {
  return { path: ['mcpServers', name], named: true, message };
}
