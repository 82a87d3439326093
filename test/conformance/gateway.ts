/** The seam between the conformance legs and the gateway: the only file that knows how it is launched. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Child } from './child.ts';
import { startNode } from './child.ts';

export interface Gateway extends Child {
  /** The endpoint that stands for the upstream. */
  readonly url: string;
  /** A bearer token that may use everything: the suite tests the wire, not the policy. */
  readonly token: string;
}

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** The upstream's name in the configuration, and so in its endpoint. */
const serverName = 'fixture';

/**
 * Starts a gateway in front of one upstream.
 * @throws Error when there is no gateway to start, or it does not say that it listens
 */
export async function startGateway(options: { readonly upstreamUrl: string }): Promise<Gateway> {
  if (!existsSync(cli)) {
    throw new Error('there is no gateway at `src/cli/main.ts` yet: run the legs with `--direct`');
  }
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-conformance-'));
  const config = join(folder, 'bartizan.yaml');
  await writeFile(config, configuration(options.upstreamUrl, folder));
  const { ready, stop } = await startNode([cli, 'up', '--config', config, '--json'], listening);
  return {
    ...ready,
    stop: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** YAML contains JSON, which needs no quoting rules of its own. */
function configuration(upstreamUrl: string, folder: string): string {
  return JSON.stringify({
    listen: { port: 0 },
    servers: { [serverName]: { url: upstreamUrl } },
    state: { directory: join(folder, 'state') },
  });
}

function listening(line: string): { readonly url: string; readonly token: string } | undefined {
  if (!line.startsWith('{')) return undefined;
  const { event, token, endpoints } = JSON.parse(line);
  return event === 'listening' ? { url: String(endpoints[serverName]), token: String(token) } : undefined;
}
