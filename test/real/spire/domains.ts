/** Two trust domains that federate, with an agent each. SVIDs of the second come with an intermediate. */
import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { spire } from '../software.ts';
import { type SpireAgent, startSpireAgent } from './agent.ts';
import type { Running } from './running.ts';
import { type SpireServer, startSpireServer } from './server.ts';

export interface SpireDomain {
  readonly server: SpireServer;
  readonly agent: SpireAgent;
}

export interface Domains extends Running {
  readonly alpha: SpireDomain;
  readonly beta: SpireDomain;
  /** Files of this run; what is in it goes with `stop`. */
  readonly folder: string;
  /** What else it starts here ends with `stop`. */
  readonly also: <Started extends Running>(started: Started) => Started;
  readonly startServer: (folder: string, domain: string, below?: 'root' | 'itself') => Promise<SpireServer>;
  /** The program that fetches SVIDs for others than this process. */
  readonly fetcher: string;
}

/** The program of this process, as the kernel tells it to an agent. */
export const ownProgram: string = realpathSync(process.execPath);

const run = promisify(execFile);

/** Starts all of it. Ends what was started when something of it does not start. */
export async function startDomains(): Promise<Domains> {
  const bin = join(await spire.install(), 'bin');
  // A socket's path must be short.
  const folder = await mkdtemp(join(tmpdir(), 'btz-'));
  const started: Running[] = [];
  const also: Domains['also'] = (one) => {
    started.unshift(one);
    return one;
  };
  const stop = async (): Promise<void> => {
    for (const one of started) await one.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const startServer: Domains['startServer'] = async (name, domain, below) =>
    also(await startSpireServer(bin, join(folder, name), domain, below));
  const startDomain = async (
    name: string,
    domain: string,
    below: 'root' | 'itself',
  ): Promise<SpireDomain> => {
    const server = await startServer(`${name}s`, domain, below);
    return { server, agent: also(await startSpireAgent(bin, join(folder, `${name}a`), server)) };
  };
  try {
    const [alpha, beta] = await Promise.all([
      startDomain('a', 'alpha.test', 'itself'),
      startDomain('b', 'beta.test', 'root'),
    ]);
    await Promise.all([alpha.server.federate(beta.server), beta.server.federate(alpha.server)]);
    const fetcher = await realpath(join(bin, 'spire-agent'));
    return { alpha, beta, folder, also, startServer, fetcher, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A certificate chain and its key, PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** The X.509-SVID that the agent gives to `spire-agent api fetch`, which is a workload like any other. */
export async function fetchX509(
  { fetcher, folder }: Domains,
  { socket }: SpireAgent,
  id: string,
): Promise<Pair> {
  const into = await mkdtemp(join(folder, 'svid-'));
  const { stdout } = await run(fetcher, ['api', 'fetch', 'x509', '-socketPath', socket, '-write', into]);
  const ids = [...stdout.matchAll(/^SPIFFE ID:\s+(\S+)/gm)].map(([, found]) => found);
  const index = ids.indexOf(id);
  if (index < 0) throw new Error(`the agent has no X.509-SVID of \`${id}\`, only of ${ids.join(', ')}`);
  return {
    cert: await readFile(join(into, `svid.${index}.pem`), 'utf8'),
    key: await readFile(join(into, `svid.${index}.key`), 'utf8'),
  };
}

/** A JWT-SVID that the agent gives to the same program. */
export async function fetchJwt(
  { fetcher }: Domains,
  { socket }: SpireAgent,
  id: string,
  audience: string,
): Promise<string> {
  const what = ['-spiffeID', id, '-audience', audience, '-output', 'json'];
  const { stdout } = await run(fetcher, ['api', 'fetch', 'jwt', '-socketPath', socket, ...what]);
  const [{ svids }] = JSON.parse(stdout) as [{ svids: { svid: string }[] }];
  const [first] = svids;
  if (first === undefined) throw new Error(`the agent has no JWT-SVID of \`${id}\``);
  return first.svid;
}

/** What `spire-server x509 mint` has written. */
export async function mintX509(server: SpireServer, id: string, folder: string): Promise<Pair> {
  const into = await mkdtemp(join(folder, 'mint-'));
  await server.mint(id, into);
  return {
    cert: await readFile(join(into, 'svid.pem'), 'utf8'),
    key: await readFile(join(into, 'key.pem'), 'utf8'),
  };
}
