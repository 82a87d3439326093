import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `npm run lock`, after every `npm install` that changed the lock file: adds the platform packages that the registry
 * did not have, so that `npm ci` finds the lock complete.
 *
 * A package such as `@biomejs/biome` names one optional binary per platform. Where a registry lacks some of them,
 * `npm install` leaves them out of the lock, and `npm ci` then refuses the lock as incomplete. Each added entry is the
 * exact version its parent names, bound to the platform in its name, so it is never fetched elsewhere.
 */
type Entry = {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};
type Lock = { readonly packages: Readonly<Record<string, Entry>> };

const SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const PROCESSORS = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el'];

const path = join(process.cwd(), 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8')) as Lock;
const missing = Object.values(lock.packages).flatMap((parent) =>
  Object.entries(parent.optionalDependencies ?? {})
    .filter(([name]) => !(`node_modules/${name}` in lock.packages))
    .map(([name, version]) => [`node_modules/${name}`, platformEntry(name, version, parent)] as const),
);
const packages = Object.fromEntries(
  [...Object.entries(lock.packages), ...missing].toSorted(([a], [b]) => a.localeCompare(b, 'en')),
);
writeFileSync(path, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
console.log(`${missing.length} platform packages added to package-lock.json`);

function platformEntry(name: string, version: string, parent: Entry): Entry {
  const words = (name.split('/').at(-1) ?? name).split('-');
  const os = SYSTEMS.filter((each) => words.includes(each));
  const cpu = PROCESSORS.filter((each) => words.includes(each));
  if (os.length === 0 || cpu.length === 0 || !/^\d/.test(version))
    throw new Error(`\`${name}\` at \`${version}\` is no exact platform package; add it to the lock by hand`);
  const libc = words.some((word) => word.startsWith('musl')) ? { libc: ['musl'] } : {};
  return { version, cpu, ...(parent.dev === true ? { dev: true } : {}), ...libc, optional: true, os };
}
