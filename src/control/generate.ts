import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { denialsPage, fillIn, schemaFile, settingsTables } from './pages.ts';

/** The files that are made from tables: their path and what they must hold, given what they hold now. */
export const generated: readonly { readonly path: string; readonly make: (now: () => string) => string }[] = [
  { path: at('schema/bartizan.schema.json'), make: schemaFile },
  { path: at('docs/denials.md'), make: denialsPage },
  { path: at('docs/configuration.md'), make: (now) => fillIn(now(), settingsTables()) },
];

function at(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

if (import.meta.main)
  for (const { path, make } of generated)
    writeFileSync(
      path,
      make(() => readFileSync(path, 'utf8')),
    );
