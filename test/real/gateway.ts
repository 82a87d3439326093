/** The gateway as an operator starts it, on a configuration of the test. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startNode } from '../conformance/child.ts';

export interface RealGateway {
  /** Where it listens: `http://127.0.0.1:<port>`, or the public URL. */
  readonly origin: string;
  /** The token of the owner; empty where the owner is switched off. */
  readonly token: string;
  /** Where the owner chooses a password or passkey, once; empty where the owner does not log in. */
  readonly setupLink: string;
  readonly stop: () => Promise<void>;
}

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Whoever is known may do everything. */
const everybody = '@id("everybody") permit (principal, action, resource);';

/** Starts it with these settings and this policy. `listen`, `policy.files` and `state` have defaults. */
export async function startGateway(
  settings: { readonly policy?: object; readonly [section: string]: unknown },
  policy: string = everybody,
): Promise<RealGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-real-'));
  await writeFile(join(folder, 'test.cedar'), policy);
  const configuration = {
    listen: { port: 0 },
    state: { directory: join(folder, 'state') },
    ...settings,
    policy: { files: ['test.cedar'], ...settings.policy },
  };
  const config = join(folder, 'bartizan.yaml');
  // YAML contains JSON, which needs no quoting rules of its own.
  await writeFile(config, JSON.stringify(configuration));
  const child = await startNode([cli, 'up', '--config', config, '--json'], listening);
  return {
    ...child.ready,
    stop: async () => {
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function listening(line: string): Omit<RealGateway, 'stop'> | undefined {
  if (!line.startsWith('{')) return undefined;
  const { event, token = '', url, setupLink = '' } = JSON.parse(line) as Readonly<Record<string, string>>;
  return event === 'listening' ? { origin: String(url), token, setupLink } : undefined;
}
