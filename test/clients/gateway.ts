/** A gateway as an operator would run it, before the official reference servers. */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startNode } from '../conformance/child.ts';
import { type Issuing, startIssuer } from './issuer.ts';

export interface Gateway {
  /** The endpoint of all servers. */
  readonly url: string;
  /** The HTTP+SSE endpoint of all servers. */
  readonly sseUrl: string;
  /** The token of the owner. */
  readonly token: string;
  /** The endpoint of one server. */
  readonly urlOf: (server: string) => string;
  /** A token for somebody else, good at one endpoint. */
  readonly tokenFor: (subject: string, endpoint: string) => string;
  /** The state directory: with it as `BARTIZAN_HOME`, `bartizan stdio` finds this gateway. */
  readonly home: string;
  /** The directory that the filesystem server serves; it holds `note.txt`. */
  readonly workspace: string;
  /** How a client starts the bridge. */
  readonly bridge: Bridge;
  readonly stop: () => Promise<void>;
}

/** A command with its environment. */
interface Bridge {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'src/cli/main.ts');

/** What the filesystem server has to give. */
export const note: string = 'the quick brown fox';

/** Which servers stand behind the gateway, beside `everything` over stdio. */
export interface GatewayOptions {
  /** `files` and `memory` over stdio. */
  readonly local?: boolean;
  /** `remote`: everything over Streamable HTTP. */
  readonly remote?: boolean;
}

/** Starts the gateway and what stands behind it. */
export async function startGateway({ local = false, remote = false }: GatewayOptions): Promise<Gateway> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-clients-'));
  const [workspace, home] = [join(folder, 'workspace'), join(folder, 'state')];
  await writeFolder(folder, workspace);
  const [issuer, upstream] = await Promise.all([startIssuer(), remote ? startRemote() : undefined]);
  const servers = {
    everything: reference('everything'),
    ...(local && { files: reference('filesystem', workspace), memory: memoryIn(folder) }),
    ...(upstream !== undefined && { remote: { url: upstream.ready } }),
  };
  const config = join(folder, 'bartizan.yaml');
  await writeFile(config, configuration(servers, issuer, home));
  const child = await startNode([cli, 'up', '--config', config, '--json'], listening);
  const { url, token } = child.ready;
  return {
    url: `${url}/mcp`,
    sseUrl: `${url}/sse`,
    token,
    urlOf: (server) => `${url}/mcp/${server}`,
    tokenFor: issuer.token,
    home,
    workspace,
    bridge: { command: process.execPath, args: [cli, 'stdio'], env: bridgeEnvironment(home) },
    stop: async () => {
      await child.stop();
      await upstream?.stop();
      issuer.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function writeFolder(folder: string, workspace: string): Promise<void> {
  await mkdir(workspace);
  await writeFile(join(workspace, 'note.txt'), note);
  await writeFile(join(folder, 'all.cedar'), '@id("everybody") permit (principal, action, resource);');
}

/** YAML contains JSON, which needs no quoting rules of its own. */
function configuration(servers: object, issuer: Issuing, home: string): string {
  return JSON.stringify({
    listen: { port: 0 },
    servers,
    identity: { issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }] },
    policy: { files: ['all.cedar'] },
    state: { directory: home },
  });
}

function memoryIn(folder: string): object {
  return { ...reference('memory'), env: { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') } };
}

function programOf(server: string): string {
  return join(root, 'node_modules/@modelcontextprotocol', `server-${server}`, 'dist/index.js');
}

function reference(server: string, ...args: readonly string[]): object {
  return { command: process.execPath, args: [programOf(server), ...args] };
}

function bridgeEnvironment(home: string): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: home, BARTIZAN_HOME: home };
}

function listening(line: string): { readonly url: string; readonly token: string } | undefined {
  if (!line.startsWith('{')) return undefined;
  const { event, token, url } = JSON.parse(line);
  return event === 'listening' ? { url: String(url), token: String(token) } : undefined;
}

/** The server takes its port from the environment and speaks on standard error, so a small program starts it. */
async function startRemote(): Promise<{ readonly ready: string; readonly stop: () => Promise<void> }> {
  const port = await freePort();
  const starter = `process.env.PORT = ${port}; process.argv[2] = 'streamableHttp';
    const write = process.stderr.write.bind(process.stderr);
    console.error = (line) => String(line).includes('listening') ? console.log('ready') : write(line + '\\n');
    console.log = ((log) => (line) => line === 'ready' ? log(line) : undefined)(console.log);
    await import(${JSON.stringify(programOf('everything'))});`;
  const child = await startNode(
    ['--input-type=module', '--eval', starter, '--', 'x', 'streamableHttp'],
    (line) => (line === 'ready' ? `http://127.0.0.1:${port}/mcp` : undefined),
  );
  return { ready: child.ready, stop: child.stop };
}

async function freePort(): Promise<number> {
  const probe = createTcpServer();
  await once(probe.listen(0, '127.0.0.1'), 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
