import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, relative, resolve } from 'node:path';
import { type ClientFile, readClientFile } from './client-file.ts';
import { ConfigError, type Problem } from './config-error.ts';
import { type ConfigText, type Path, readConfigText } from './config-text.ts';
import type { TreeFault } from './explain-issue.ts';
import { list } from './explain-issue.ts';
import { maskSecrets } from './mask.ts';
import { readPolicies } from './read-policies.ts';
import { type Expanded, expandReferences } from './references.ts';
import { resolveSettings, type Surroundings } from './resolve-settings.ts';
import type { Settings } from './settings.ts';
import type { ListenSettings } from './settings-file.ts';
import { validateTree } from './validate-tree.ts';

/** A configuration, ready for use. */
export interface Loaded {
  readonly settings: Settings;
  /** Worth saying, but no reason not to start: `file:line:column` and a sentence each. */
  readonly warnings: readonly Problem[];
  /** The configuration with its defaults filled in, references as written and secrets masked. */
  readonly shown: unknown;
  /** SHA-256 of the file and of everything it refers to, hexadecimal. */
  readonly hash: string;
  /** The file and everything it refers to, as absolute paths. */
  readonly paths: readonly string[];
}

/** What the command line says about the address, which wins over the file and is checked like it. */
export type ListenOrders = Partial<Pick<ListenSettings, 'host' | 'port'>>;

/**
 * Reads a configuration: `bartizan.yaml`, the same as JSON, or the file of an MCP client.
 *
 * @throws {ConfigError} naming everything that is wrong, each with its place and mend
 */
export async function loadSettings(
  path: string,
  around: Surroundings = here(),
  listen: ListenOrders = {},
): Promise<Loaded> {
  const file = resolve(around.cwd, path);
  const name = relative(around.cwd, file).startsWith('..') ? file : relative(around.cwd, file);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => unreadable(name, error));
  const source = readConfigText(file, text.replace(/^\uFEFF/, ' '));
  if (source.faults.length > 0)
    throw new ConfigError(source.faults.map(({ place, message }) => ({ file: name, ...place, message })));
  return interpret({ file, name, text, source, around, listen });
}

/** This process and its machine. */
export function here(): Surroundings {
  return { env: process.env, home: homedir(), cwd: process.cwd() };
}

interface Reading {
  readonly file: string;
  /** The file as messages show it. */
  readonly name: string;
  readonly text: string;
  readonly source: ConfigText;
  readonly around: Surroundings;
  readonly listen: ListenOrders;
}

async function interpret({ file, name, text, source, around, listen }: Reading): Promise<Loaded> {
  const client = readClientFile(file, source);
  const place = (fault: TreeFault): Problem => placeFault(name, source, client, fault);
  const directory = dirname(file);
  const referred = new Map<string, string>();
  const expanded = expand({ source, client, directory, around, referred });
  const checked = validateTree(expanded.tree, expanded.references);
  if (!checked.ok || expanded.faults.length > 0)
    throw new ConfigError(inOrder([...expanded.faults, ...uncaused(checked, expanded)].map(place)));
  const ordered = { ...checked.file, listen: { ...checked.file.listen, ...listen } };
  const resolved = resolveSettings(ordered, directory, around);
  const policies = await readPolicies(checked.file.policy, directory);
  const faults = [...resolved.faults, ...policies.faults];
  if (faults.length > 0) throw new ConfigError(inOrder(faults.map(place)));
  const contents = [text, ...referred.values(), ...policies.policy.sources.map((source) => source.text)];
  return {
    settings: { ...resolved.settings, policy: policies.policy },
    warnings: inOrder([...ignoredMembers(client), ...resolved.notices].map(place)),
    shown: maskSecrets(checked.file, expanded.references),
    hash: hashOf(contents),
    paths: [file, ...referred.keys(), ...policies.paths],
  };
}

function unreadable(name: string, { code, message }: NodeJS.ErrnoException): never {
  const why = unreadableReasons[code ?? ''] ?? `the file cannot be read: ${message}`;
  throw new ConfigError([{ file: name, line: 1, column: 1, message: why }]);
}

const unreadableReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; name one with `--config`',
  EISDIR: 'this is a directory; name the file in it with `--config`',
  EACCES: 'you may not read this file; change its rights, or name another with `--config`',
};

interface Expansion extends Pick<Reading, 'source' | 'around'> {
  readonly client: ClientFile | undefined;
  readonly directory: string;
  /** Takes what `file:` references brought. */
  readonly referred: Map<string, string>;
}

function expand({ source, client, directory, around, referred }: Expansion): Expanded {
  const editor = client === undefined ? {} : { userHome: around.home, workspaceFolder: around.cwd };
  const sources = {
    env: { ...editor, ...around.env },
    readFile: (path: string): string | undefined => {
      const absolute = resolve(directory, path.replace(/^~(?=[\\/])/, around.home));
      const content = readText(absolute);
      if (content !== undefined) referred.set(absolute, content);
      return content;
    },
  };
  const isVerbatim = (path: Path): boolean => path[0] === 'mcpServers';
  return expandReferences(client?.tree ?? source.tree ?? {}, sources, isVerbatim);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The faults of the schema that are not the echo of a reference that failed. */
function uncaused(checked: ReturnType<typeof validateTree>, { faults }: Expanded): readonly TreeFault[] {
  if (checked.ok) return [];
  const failed = new Set(faults.map(({ path }) => String(path)));
  return checked.faults.filter(({ path }) => !failed.has(String(path)));
}

function placeFault(
  file: string,
  source: ConfigText,
  client: ClientFile | undefined,
  fault: TreeFault,
): Problem {
  const [first, ...rest] = fault.path;
  const path = client !== undefined && first === 'mcpServers' ? [client.member, ...rest] : fault.path;
  const place = fault.named === true ? source.placeOfName(path) : source.placeOf(path);
  return { file, ...place, message: fault.message };
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function ignoredMembers(client: ClientFile | undefined): readonly TreeFault[] {
  if (client === undefined || client.ignored.length === 0) return [];
  const message = `of this client's file only \`${client.member}\` is read; ${list(client.ignored)} ${client.ignored.length > 1 ? 'are' : 'is'} passed over`;
  return [{ path: [], message }];
}

function hashOf(contents: readonly string[]): string {
  const hash = createHash('sha256');
  for (const content of contents) hash.update(`${Buffer.byteLength(content)}:`).update(content);
  return hash.digest('hex');
}
