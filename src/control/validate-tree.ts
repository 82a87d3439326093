import { isJsonObject } from '../model/json.ts';
import type { Path } from './config-text.ts';
import { explainIssue, type TreeFault } from './explain-issue.ts';
import type { Reference } from './references.ts';
import type { SettingsFile } from './settings-file.ts';
import { settingsFileSchema } from './settings-schema.ts';

/** Either settings or what is wrong with the tree. */
export type Validated =
  | { readonly ok: true; readonly file: SettingsFile }
  | { readonly ok: false; readonly faults: readonly TreeFault[] };

/**
 * Checks a tree against the schema. A reference is a text, so where the schema wants a number or a truth value, what a
 * reference brought is read as one (`port: ${PORT}`).
 */
export function validateTree(tree: unknown, references: readonly Reference[]): Validated {
  const first = settingsFileSchema.safeParse(tree, { reportInput: true });
  if (first.success) return { ok: true, file: first.data };
  const wanted = first.error.issues
    .filter((issue) => issue.code === 'invalid_type')
    .map(({ path }) => String(path));
  const typed = references.filter(({ path }) => wanted.includes(String(path)));
  const second = settingsFileSchema.safeParse(
    typed.reduce((whole, { path }) => replaceAt(whole, path, readScalar), tree),
    { reportInput: true },
  );
  if (second.success) return { ok: true, file: second.data };
  return { ok: false, faults: second.error.issues.flatMap(explainIssue) };
}

function readScalar(value: unknown): unknown {
  if (value === 'true' || value === 'false') return value === 'true';
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

/** A copy of a tree with the part at a path exchanged. */
export function replaceAt(tree: unknown, path: Path, change: (value: unknown) => unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return change(tree);
  if (Array.isArray(tree))
    return tree.map((item: unknown, index) => (index === step ? replaceAt(item, rest, change) : item));
  if (!isJsonObject(tree)) return tree;
  return { ...tree, [step]: replaceAt(tree[step], rest, change) };
}
