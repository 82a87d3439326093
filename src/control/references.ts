import { isJsonObject } from '../model/json.ts';
import type { Path } from './config-text.ts';

/** Where the values of references come from. */
export interface ReferenceSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a file named by `file:`; undefined when it cannot be read. */
  readonly readFile: (path: string) => string | undefined;
}

/** A value that stood in the file as a reference. */
export interface Reference {
  readonly path: Path;
  readonly written: string;
}

/** A tree with its references replaced by what they name. */
export interface Expanded {
  readonly tree: unknown;
  readonly references: readonly Reference[];
  readonly faults: readonly { readonly path: Path; readonly message: string }[];
}

/**
 * Replaces `${NAME}`, `${NAME:-default}` and values that begin with `file:` in every string of a tree; names of members
 * stay as they are. `$${` and `$file:` stand for `${` and `file:`. Within `mcpServers` and a client's own file, `file:`
 * is left alone: such files are taken verbatim, and only `${...}` means there what it means here.
 */
export function expandReferences(
  tree: unknown,
  sources: ReferenceSources,
  verbatim: (path: Path) => boolean,
): Expanded {
  const references: Reference[] = [];
  const faults: { path: Path; message: string }[] = [];
  const text = (written: string, path: Path): string => {
    const fault = (message: string): void => void faults.push({ path, message });
    const value = verbatim(path)
      ? expandText(written, sources, fault)
      : (readReference(written, sources, fault) ?? expandText(written, sources, fault));
    if (value !== written) references.push({ path, written });
    return value;
  };
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') return text(value, path);
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, walk(item, [...path, name])]),
    );
  };
  return { tree: walk(tree, []), references, faults };
}

type Fault = (message: string) => void;

function readReference(written: string, { readFile }: ReferenceSources, fault: Fault): string | undefined {
  if (written.startsWith('$file:')) return written.slice(1);
  if (!written.startsWith('file:') || written.startsWith('file://')) return undefined;
  const path = written.slice('file:'.length);
  const content = readFile(path);
  if (content === undefined)
    fault(`the file \`${path}\` cannot be read; create it, or write \`$file:\` if no reference is meant`);
  return (content ?? '').replace(/\r?\n$/, '');
}

const reference = /\$?\$\{([^}]*)\}?/g;
const variable = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;

function expandText(written: string, { env }: ReferenceSources, fault: Fault): string {
  return written.replace(reference, (match: string, inner: string) => {
    if (match.startsWith('$$')) return match.slice(1);
    const found = match.endsWith('}') ? variable.exec(inner) : null;
    if (found === null) fault(notAReference(match, inner));
    return found === null ? '' : readVariable(found, env, fault);
  });
}

function readVariable(
  [, name = '', fallback]: RegExpExecArray,
  env: ReferenceSources['env'],
  fault: Fault,
): string {
  const value = substitute(env[name], fallback);
  if (value === undefined) fault(notSet(name));
  return value ?? '';
}

/** As a shell does it: the default stands in for an empty variable too (POSIX shell, "Parameter Expansion"). */
function substitute(value: string | undefined, fallback: string | undefined): string | undefined {
  return value === undefined || value === '' ? (fallback ?? value) : value;
}

function notSet(name: string): string {
  return `the environment variable \`${name}\` is not set; set it, or write \`\${${name}:-default}\``;
}

function notAReference(match: string, inner: string): string {
  const input = /^input:(.+)$/.exec(inner)?.[1];
  if (input !== undefined)
    return `\`${match}\` asks a question in the editor, which a gateway cannot do; write \`\${${envName(input)}}\` and set that environment variable`;
  return `\`${match}\` is no reference to an environment variable; write \`\${NAME}\`, or \`$\${\` for the characters themselves`;
}

function envName(text: string): string {
  return text.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_');
}
