/** Whole gateways that share a Redis, a PostgreSQL and one public address. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gateway } from '../../../src/control/gateway-contract.ts';
import { loadSettings } from '../../../src/control/load-settings.ts';
import { startGateway } from '../../../src/gateway.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { openTask, type SigningKey, type Task, type TaskOrder } from '../../../src/task/index.ts';
import { freshKey } from '../../../src/task/jws.ts';
import { type Answered, exchange, type Open, open, type Sent } from '../../intermediary/bench/http.ts';
import { type LocalIssuer, localIssuer } from '../../intermediary/bench/issuer.ts';
import { metaOf, mirrored } from '../../intermediary/bench/modern-client.ts';
import type { Ending } from '../../intermediary/bench/scripted-upstream.ts';
import { freePort } from '../program.ts';
import { type Postgres, startPostgres } from '../stores/start-postgres.ts';
import { type Redis, startRedis } from '../stores/start-redis.ts';
import { startFront } from './front.ts';

/** Replicas of one gateway, which were started at the same moment. */
export interface Replicas {
  /** The address that clients know; every request goes to the next replica. */
  readonly publicUrl: string;
  readonly issuer: LocalIssuer;
  readonly gateways: readonly Gateway[];
  /** One request to a certain replica, the first one is 0. */
  readonly at: (replica: number, sent: Sent) => Promise<Answered>;
  /** The same, for answers that are read piece by piece. */
  readonly openAt: (replica: number, sent: Sent) => Promise<Open>;
  /** A `fetch` that takes requests for the public address to a certain replica. */
  readonly fetchAt: (replica: number) => typeof fetch;
  readonly redis: Redis;
  readonly postgres: Postgres;
  /** Proves the agents at the token endpoint. */
  readonly agentKey: SigningKey;
}

/** The server of every test, and the path of its endpoint. */
const server = 'files';
export const endpoint: string = `/mcp/${server}`;

/** Every agent that a test uses: an epoch that one test moves must not end the tasks of another. */
const agents = ['tester', 'agent-by-user', 'agent-by-agent', 'agent-by-device', 'agent-by-task'];

/** Starts so many of them before one upstream, and ends everything after the test or the file. */
export async function startReplicas(t: Ending, count: number, upstream: string): Promise<Replicas> {
  const [redis, postgres, front] = await Promise.all([startRedis(), startPostgres(), startFront()]);
  t.after(async () => {
    front.stop();
    await Promise.all([redis.stop(), postgres.stop()]);
  });
  const issuer = await localIssuer(t);
  const agentKey = await freshKey();
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-replicas-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const ports: number[] = [];
  for (let n = 0; n < count; n += 1) ports.push(await freePort());
  const shared = {
    servers: { [server]: { url: upstream, transport: 'http', era: 'modern' } },
    policy: { files: [join(folder, 'everything.cedar')] },
    identity: { issuers: [{ ...issuer.entry, claims: { device: { id: 'device', managed: 'managed' } } }] },
    authorizationServer: {
      clients: [{ id: 'app', name: 'Test Editor', redirectUris: ['https://app.example/callback'] }],
    },
    agents: agents.map((id) => ({
      id,
      authentication: ['private_key_jwt'],
      jwks: [{ ...agentKey.jwk, use: 'sig', alg: 'ES256' }],
      templates: ['work'],
    })),
    tasks: { templates: { work: { actions: [`${server}:*`] } } },
    store: { hot: redis.url, durable: postgres.url },
    vault: { file: join(folder, 'vault.key') },
  };
  await writeFile(join(folder, 'everything.cedar'), 'permit (principal, action, resource);');
  const starting = ports.map((port, n) =>
    started(join(folder, `replica-${n}`), { ...shared, listen: { port, publicUrl: front.url } }),
  );
  const settled = await Promise.allSettled(starting);
  const gateways = settled.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  t.after(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
  });
  await Promise.all(starting);
  front.spread(ports);
  const portOf = (replica: number): number => ports[replica % count] ?? 0;
  return {
    publicUrl: front.url,
    issuer,
    gateways,
    at: (replica, sent) => exchange(portOf(replica), sent),
    openAt: (replica, sent) => open(portOf(replica), sent),
    fetchAt: (replica) => (input, init) =>
      fetch(String(input).replace(front.url, `http://127.0.0.1:${portOf(replica)}`), init),
    redis,
    postgres,
    agentKey,
  };
}

async function started(file: string, settings: JsonObject): Promise<Gateway> {
  const path = `${file}.yaml`;
  await writeFile(
    path,
    JSON.stringify({ ...settings, state: { directory: file }, audit: { directory: `${file}-audit` } }),
  );
  return startGateway((await loadSettings(path)).settings);
}

/** What is said of the user of a task, beside what the task is about. */
export type Wishes = Partial<TaskOrder> & { readonly claims?: JsonObject };

/** Opens a task at one replica. */
export function taskAt(
  { publicUrl, issuer, fetchAt, agentKey }: Replicas,
  replica: number,
  { claims = {}, agent = 'tester', ...wishes }: Wishes = {},
): Promise<Task> {
  const resource = `${publicUrl}${endpoint}`;
  const subjectToken = issuer.token({ aud: resource, client_id: agent, ...claims });
  return openTask({
    resource,
    subjectToken,
    agent,
    authentication: { method: 'private_key_jwt', key: agentKey.privateKey },
    template: 'work',
    fetch: fetchAt(replica),
    ...wishes,
  });
}

let lastId = 0;

/** An MCP request with the token and a fresh proof of a task, good at any replica, once. */
export async function ofTask(
  task: Task,
  { publicUrl }: Replicas,
  method: string,
  params: JsonObject = {},
  capabilities: JsonObject = {},
): Promise<Sent> {
  const { name } = params;
  lastId += 1;
  return {
    path: endpoint,
    headers: {
      ...mirrored(method, typeof name === 'string' ? name : undefined),
      ...(await task.authorization.headers('POST', `${publicUrl}${endpoint}`)),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: lastId,
      method,
      params: { ...params, _meta: metaOf(capabilities) },
    }),
  };
}

/** A call of a tool. */
export function callOf(task: Task, replicas: Replicas, name: string, args: JsonObject = {}): Promise<Sent> {
  return ofTask(task, replicas, 'tools/call', { name, arguments: args });
}

/** What became of a call: `done`, or the code of its refusal. */
export function outcomeOf({ text, status }: Pick<Answered, 'text' | 'status'>): string {
  if (status === 200 && text.includes('"text":"done"')) return 'done';
  return /denial":"([a-z_]+)"/.exec(text)?.[1] ?? `${status} ${text}`;
}
