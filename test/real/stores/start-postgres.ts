/** PostgreSQL of this machine in a temporary folder, on loopback, with a password. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { command } from '../command.ts';
import { freePort, startOnPort } from '../program.ts';

export interface Postgres {
  /** With user and password. */
  readonly url: string;
  /** Where its certificate is, if it has one. */
  readonly certificate: string;
  readonly stop: () => Promise<void>;
}

/** Debian puts the server's programs where no PATH leads. */
const installed = '/usr/lib/postgresql';

/** Makes a fresh server on a free port. With `tls` it also speaks TLS, with the certificate that is returned. */
export async function startPostgres({ tls = false }: { readonly tls?: boolean } = {}): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-postgres-'));
  const cluster = join(folder, 'cluster');
  const password = randomBytes(12).toString('hex');
  const drop = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    writeFileSync(join(folder, 'password'), password);
    if (tls) await makeCertificate(folder);
    giveAway(folder);
    const port = await freePort();
    const login = ['-A', 'scram-sha-256', '-U', 'bartizan', '--pwfile', join(folder, 'password')];
    await run('initdb', ['-D', cluster, '-E', 'UTF8', '--locale=C', '--no-sync', ...login], folder);
    const settings = [
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${folder}`,
      ...(tls ? tlsSettings(folder) : []),
    ];
    const flags = settings.flatMap((setting) => ['-c', setting]);
    const server = await startOnPort(
      port,
      ...asUser('postgres', ['-D', cluster, '-p', String(port), ...flags]),
    );
    const stop = async (): Promise<void> => {
      await run('pg_ctl', ['stop', '-D', cluster, '-m', 'immediate'], folder).catch(() => undefined);
      await server.stop();
      drop();
    };
    await untilReady(port, folder);
    const url = `postgres://bartizan:${password}@127.0.0.1:${port}/postgres`;
    return { url, certificate: join(folder, 'certificate.pem'), stop };
  } catch (error) {
    drop();
    throw error;
  }
}

async function makeCertificate(folder: string): Promise<void> {
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=database', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await command('openssl', ['req', '-x509', ...kind, ...names, ...files], folder);
}

function tlsSettings(folder: string): readonly string[] {
  return [
    'ssl=on',
    `ssl_cert_file=${join(folder, 'certificate.pem')}`,
    `ssl_key_file=${join(folder, 'key.pem')}`,
  ];
}

/** It listens before it can be used. */
async function untilReady(port: number, folder: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await run('pg_isready', ['-q', '-h', '127.0.0.1', '-p', String(port)], folder);
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    }
  }
}

/** Runs one of PostgreSQL's programs to its end. */
async function run(name: string, args: readonly string[], folder: string): Promise<void> {
  const [program, all] = asUser(name, args);
  await command(program, all, folder);
}

/** PostgreSQL does not run as root. */
function asUser(name: string, args: readonly string[]): [string, readonly string[]] {
  const program = pathOf(name);
  if (process.getuid?.() !== 0) return [program, args];
  return ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', program, ...args]];
}

function pathOf(name: string): string {
  const newest = readdirSync(installed)
    .toSorted((one, other) => Number(other) - Number(one))
    .at(0);
  return join(installed, newest ?? '', 'bin', name);
}

function giveAway(folder: string): void {
  if (process.getuid?.() !== 0) return;
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  const [uid, gid] = [idOf('-u'), idOf('-g')];
  for (const name of ['', ...readdirSync(folder)]) chownSync(join(folder, name), uid, gid);
  chmodSync(folder, 0o700);
}
