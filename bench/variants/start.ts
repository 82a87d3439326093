import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Launch, nodeLaunch, type Started, startAnnounced } from '../processes.ts';
import type { Absent, Listening } from '../protocol.ts';
import { isStep, type VariantName } from './names.ts';
import { startNginx } from './nginx.ts';

export interface Variant {
  readonly name: VariantName;
  readonly listening: Listening;
  /** Undefined for `direct`, which has no process of its own. */
  readonly process: Started | undefined;
}

export interface Surroundings {
  readonly upstream: Listening;
  readonly scratch: string;
  readonly proxyCpu: string | undefined;
}

/** The flags with which the gateway is run in earnest. */
const gatewayFlags = [
  '--disallow-code-generation-from-strings',
  '--enable-experimental-regexp-engine-on-excessive-backtracks',
];

let folders = 0;

/** Starts the proxy of one variant, or says why there is none. */
export const startVariant = async (
  name: VariantName,
  { upstream, scratch, proxyCpu }: Surroundings,
): Promise<Variant | Absent> => {
  if (name === 'direct') return { name, listening: upstream, process: undefined };
  if (name === 'nginx') {
    const nginx = await startNginx(new URL(upstream.url), scratch, proxyCpu);
    return 'absent' in nginx ? nginx : { name, listening: nginx.line, process: nginx.started };
  }
  const { started, line } = await startAnnounced(launchOf(name, { upstream, scratch, proxyCpu }));
  return 'absent' in line ? line : { name, listening: line, process: started };
};

const launchOf = (name: VariantName, { upstream, scratch, proxyCpu }: Surroundings): Launch => {
  if (!isStep(name)) return nodeLaunch(`./variants/${name}.ts`, [upstream.url], proxyCpu);
  const folder = join(scratch, `gateway-${folders++}`);
  mkdirSync(folder, { recursive: true });
  return nodeLaunch('./variants/gateway.ts', [name, upstream.url, folder], proxyCpu, gatewayFlags);
};
