import { isJsonObject } from '../model/json.ts';
import type { Path } from './config-text.ts';
import type { Reference } from './references.ts';
import type { SettingsFile } from './settings-file.ts';
import { replaceAt } from './validate-tree.ts';

const mask = '********';
/** Members that hold a secret wherever they stand. */
const secretMembers: ReadonlySet<string> = new Set(['clientSecret', 'secret', 'pin', 'privateKey']);

/**
 * A configuration that can be shown: references as they were written, never what they stand for, and literal secrets
 * masked: values of `headers` and `env`, credentials within a URL, and arguments that a secret's flag announces.
 */
export function maskSecrets(file: SettingsFile, references: readonly Reference[]): unknown {
  const written = references.reduce<unknown>(
    (tree, { path, written: text }) => replaceAt(tree, path, () => text),
    file,
  );
  return maskTree(written, []);
}

function maskTree(value: unknown, path: Path): unknown {
  if (Array.isArray(value))
    return value.map((item, index) => maskTree(maskArgument(value, index) ?? item, [...path, index]));
  if (isJsonObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, maskTree(item, [...path, name])]),
    );
  if (isReference(value)) return value;
  const parent = path.at(-2);
  if (secretMembers.has(String(path.at(-1)))) return mask;
  if (path.length >= 4 && (parent === 'headers' || parent === 'env')) return mask;
  return typeof value === 'string' ? maskUrl(value) : value;
}

/** A name or password before the host, and what a query assigns to a secret's name. */
function maskUrl(text: string): string {
  if (!/^(https?|rediss?|postgres(ql)?):\/\//.test(text)) return text;
  return text
    .replace(/^([a-z]+:\/\/)[^/@]*@/, `$1${mask}@`)
    .replace(
      /([?&][^=&]*(?:token|secret|password|key|auth|sig)[^=&]*=)(?!\$\{\w+\}(?:&|$))[^&]+/gi,
      `$1${mask}`,
    );
}

const secretFlag = /^--?[\w-]*(?:token|secret|password|passwd|api-?key|credential|auth)[\w-]*/i;

function maskArgument(values: readonly unknown[], index: number): string | undefined {
  const value: unknown = values[index];
  const before: unknown = values[index - 1];
  if (typeof value !== 'string' || isReference(value)) return undefined;
  const joined = /^([^=]+)=([\s\S]+)$/.exec(value);
  if (joined?.[1] !== undefined && secretFlag.test(joined[1]) && !isReference(joined[2]))
    return `${joined[1]}=${mask}`;
  const announced = typeof before === 'string' && secretFlag.test(before) && !before.includes('=');
  return announced && !value.startsWith('-') ? mask : undefined;
}

function isReference(value: unknown): boolean {
  return (
    typeof value === 'string' && (/^[A-Za-z]* ?\$\{(?:env:)?\w+\}$/.test(value) || value.startsWith('file:'))
  );
}
