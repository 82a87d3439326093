import type { Clock } from '../../pipeline/ports.ts';
import type { HotState } from '../../pipeline/store-ports.ts';
import { clusterOf, singleServer } from './carriers.ts';
import { type Connection, openConnection, untilAnswering } from './connection.ts';
import { redisEpochs } from './epochs.ts';
import { redisLedger } from './ledger.ts';
import { openNudges } from './nudges.ts';
import { redisReplayCache } from './replay.ts';
import { parseServerAddress, type ServerAddress } from './server-address.ts';

/**
 * State in Redis (7 or newer) or Valkey, which any number of replicas share. Every transition is one script. A server that
 * does not answer is given up at once, so that callers refuse, and comes back by itself.
 *
 * The time is the caller's, so the clocks of replicas must be kept together (NTP). The server must keep what it was told:
 * `appendonly yes`, and `maxmemory-policy noeviction`, because a forgotten claim or revocation lets something in.
 *
 * @param url `redis://` or `rediss://` (TLS), with user name and password where they are needed
 * @throws Error that says why the state cannot be used, without the password
 */
export async function openRedisHotState(url: string, clock: Pick<Clock, 'now'>): Promise<HotState> {
  const address = parseServerAddress(url);
  const { connection, isCluster } = await connect(address);
  try {
    const nudges = await openNudges(address);
    const epochs = redisEpochs(connection, clock, nudges.onBump);
    return {
      replay: redisReplayCache(connection, clock),
      epochs,
      ledger: redisLedger(connection, clock, isCluster ? epochs.bump : undefined),
      close: async () => {
        nudges.close();
        connection.close();
      },
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** One server is asked what it is; if it is a node of a cluster, all of them are connected to. */
async function connect(address: ServerAddress): Promise<{ connection: Connection; isCluster: boolean }> {
  const single = openConnection(address, () => singleServer(address));
  try {
    await untilAnswering(single);
    const facts = await factsOf(single);
    const problem = problemOf(facts);
    if (problem !== undefined) throw new Error(`the shared state at \`${address.name}\`: ${problem}`);
    if (facts.get('cluster_enabled') !== '1') return { connection: single, isCluster: false };
  } catch (error) {
    single.close();
    throw error;
  }
  single.close();
  const known = new Set<string>();
  const connection = openConnection(address, () => clusterOf(address, known));
  try {
    await untilAnswering(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
  return { connection, isCluster: true };
}

/** What the server says of itself. A hosted one may forbid the question: then nothing is known. */
async function factsOf(connection: Connection): Promise<ReadonlyMap<string, string>> {
  const text = await connection.send('', ['INFO']).catch(() => '');
  const lines = String(text).split('\r\n');
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const),
  );
}

function problemOf(facts: ReadonlyMap<string, string>): string | undefined {
  const major = Number.parseInt(facts.get('redis_version') ?? '7', 10);
  if (major < 7) return `version ${facts.get('redis_version')} is too old: version 7 or newer is needed`;
  const policy = facts.get('maxmemory_policy') ?? 'noeviction';
  if (facts.get('maxmemory') !== '0' && policy !== 'noeviction')
    return `it forgets claims and revocations when memory is short: set \`maxmemory-policy noeviction\` (now \`${policy}\`)`;
  return undefined;
}
