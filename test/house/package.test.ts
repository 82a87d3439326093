import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packages } from '../../tools/house/rooms.ts';
import { repository } from './temporary-project.ts';

type Manifest = {
  readonly files: readonly string[];
  readonly bin: { readonly bartizan: string };
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

const read = (file: string): string => readFileSync(join(repository, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;

/** The source of a built file: `dist/a/b.js` and `dist/a/b.d.ts` both come from `src/a/b.ts`. */
const sourceOf = (built: string): string =>
  built.replace(/^\.\//, '').replace(/^dist\/(.*?)(?:\.d\.ts|\.js)$/, 'src/$1.ts');

const present = (file: string): boolean => existsSync(join(repository, file));

test('everything the package exports or runs has a source', () => {
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : [target.types, target.default],
  );
  const missing = [...targets, manifest.bin.bartizan].map(sourceOf).filter((file) => !present(file));
  assert.deepEqual(missing, []);
});

test('everything the tarball should hold is there, apart from what the build makes', () => {
  const missing = manifest.files.filter((file) => file !== 'dist' && !present(file));
  assert.deepEqual(missing, []);
});

test('the command runs with the flags that the scripts of this repository run it with', () => {
  const shebang = read('src/cli/main.ts').split('\n')[0];
  const flags = /^node ((?:--\S+ )+)src\/cli\/main\.ts/.exec(manifest.scripts['start'] ?? '')?.[1]?.trim();
  assert.equal(shebang, `#!/usr/bin/env -S node ${flags}`);
  assert.match(manifest.scripts['demo'] ?? '', new RegExp(`^node ${flags} src/cli/main\\.ts`));
});

test('every dependency has its room, and every version is exact', () => {
  const named = { ...manifest.dependencies, ...manifest.peerDependencies };
  assert.deepEqual(Object.keys(named).toSorted(), Object.keys(packages).toSorted());
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  assert.deepEqual(
    versions.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)),
    [],
  );
});

test('the lock file names every platform package, so that npm ci accepts it everywhere', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.values(lock.packages)
    .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
    .filter((name) => !(`node_modules/${name}` in lock.packages));
  assert.deepEqual(missing, [], 'run `npm run lock`');
});
