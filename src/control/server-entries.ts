import { resolve } from 'node:path';
import { isLoopbackHost } from '../model/loopback.ts';
import { parseServerId, type ServerId, serverIdRule } from '../model/server-id.ts';
import { list, type TreeFault } from './explain-issue.ts';
import type { HttpTarget, ServerSettings, StdioTarget } from './settings.ts';
import type { ServerEntry } from './settings-file.ts';
import { readUpstreamAuth, upstreamAuthFaults } from './upstream-auth.ts';

/** Servers made of the entries of `servers`. */
export interface OwnServers {
  readonly servers: readonly ServerSettings[];
  readonly faults: readonly TreeFault[];
  readonly notices: readonly TreeFault[];
}

/** Makes servers of `servers`; relative paths are relative to `directory`. */
export function readServers(
  entries: Readonly<Record<string, ServerEntry>>,
  { directory, callSeconds }: { readonly directory: string; readonly callSeconds: number },
): OwnServers {
  const faults = Object.entries(entries).flatMap(([name, entry]) => faultsOf(name, entry));
  if (faults.length > 0) return { servers: [], faults, notices: [] };
  const servers = Object.entries(entries).flatMap(([name, entry]) => {
    const id = parseServerId(name);
    return id === undefined ? [] : [readServer(id, entry, directory, callSeconds)];
  });
  return {
    servers,
    faults,
    notices: Object.entries(entries).flatMap(([name, entry]) => noticesOf(name, entry)),
  };
}

function readServer(
  id: ServerId,
  entry: ServerEntry,
  directory: string,
  callSeconds: number,
): ServerSettings {
  return {
    id,
    target: readTarget(entry, directory),
    tags: entry.tags ?? {},
    tools: new Map(Object.entries(entry.tools ?? {})),
    timeoutSeconds: Math.min(entry.timeoutSeconds ?? callSeconds, callSeconds),
    era: entry.era ?? 'auto',
  };
}

function readTarget(entry: ServerEntry, directory: string): HttpTarget | StdioTarget {
  if (entry.command === undefined)
    return {
      kind: 'http',
      url: entry.url ?? '',
      transport: entry.transport ?? 'auto',
      headers: entry.headers ?? {},
      ...(entry.auth && { auth: readUpstreamAuth(entry.auth) }),
    };
  const cwd = resolve(directory, entry.cwd ?? '.');
  return { kind: 'stdio', command: entry.command, args: entry.args ?? [], env: entry.env ?? {}, cwd };
}

function faultsOf(name: string, entry: ServerEntry): readonly TreeFault[] {
  const messages = [...nameFaults(name), ...targetFaults(name, entry)];
  return [
    ...messages.map((message): TreeFault => ({ path: ['servers', name], named: true, message })),
    ...strayMembers(name, entry),
    ...urlFaults(name, entry),
    ...(entry.auth ? upstreamAuthFaults(name, entry.auth) : []),
  ];
}

function nameFaults(name: string): readonly string[] {
  return parseServerId(name) === undefined ? [`\`${name}\` is no server id; it must be ${serverIdRule}`] : [];
}

function targetFaults(name: string, { url, command }: ServerEntry): readonly string[] {
  if (url === undefined && command === undefined)
    return [`the server \`${name}\` needs \`url\` or \`command\``];
  const both = url !== undefined && command !== undefined;
  return both ? [`the server \`${name}\` has both \`url\` and \`command\`; keep one of them`] : [];
}

/** Members of the other kind of server. */
function strayMembers(name: string, entry: ServerEntry): readonly TreeFault[] {
  if ((entry.url === undefined) === (entry.command === undefined)) return [];
  const isHttp = entry.url !== undefined;
  const foreign = isHttp ? (['args', 'env', 'cwd'] as const) : (['transport', 'headers', 'auth'] as const);
  return foreign
    .filter((member) => entry[member] !== undefined)
    .map((member) => ({
      path: ['servers', name, member],
      named: true,
      message: `\`${member}\` goes with \`${isHttp ? 'command' : 'url'}\`, which \`${name}\` has not; remove it`,
    }));
}

function urlFaults(name: string, { url }: ServerEntry): readonly TreeFault[] {
  if (!/^https?:\/\/[^/]*@/.test(url ?? '')) return [];
  const message = 'a URL must not hold a name or password; put the credential in `headers`';
  return [{ path: ['servers', name, 'url'], message }];
}

function noticesOf(name: string, { url, headers }: ServerEntry): readonly TreeFault[] {
  if (url === undefined || !url.startsWith('http://') || isLoopbackHost(new URL(url).hostname)) return [];
  const what = headers === undefined ? 'what is said' : `${list(Object.keys(headers))} and what is said`;
  return [
    { path: ['servers', name, 'url'], message: `${what} to \`${name}\` travels unencrypted; use https` },
  ];
}
