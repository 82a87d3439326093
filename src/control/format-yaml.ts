import { stringify } from 'yaml';

/** Writes a tree as YAML. */
export function formatYaml(tree: unknown): string {
  return stringify(tree, { lineWidth: 0 });
}
