import { globSync } from 'node:fs';
import { join } from 'node:path';

/** Every TypeScript file under `directory`, as full paths in a stable order; none when it does not exist. */
export function sourcesUnder(directory: string): readonly string[] {
  return globSync('**/*.ts', { cwd: directory })
    .sort()
    .map((path) => join(directory, path));
}
