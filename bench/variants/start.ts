import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Launch, nodeLaunch, type Started, startAnnounced } from '../processes.ts';
import type { Absent, Listening } from '../protocol.ts';
import { type IdentityCase, isStep, type Step, type VariantName } from './names.ts';
import { startNginx } from './nginx.ts';

/** Something that answers calls and can be loaded. */
export interface Loadable {
  readonly name: string;
  readonly listening: Listening;
  /** Undefined for `direct`, which has no process of its own. */
  readonly process: Started | undefined;
}

export interface Variant extends Loadable {
  readonly name: VariantName;
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

/** Starts the gateway of one case of the identity table. */
export const startCase = async (
  name: IdentityCase,
  surroundings: Surroundings,
): Promise<Loadable | Absent> => {
  const { started, line } = await startAnnounced(gatewayLaunch(name, surroundings));
  return 'absent' in line ? line : { name, listening: line, process: started };
};

const launchOf = (name: VariantName, surroundings: Surroundings): Launch =>
  isStep(name)
    ? gatewayLaunch(name, surroundings)
    : nodeLaunch(`./variants/${name}.ts`, [surroundings.upstream.url], surroundings.proxyCpu);

const gatewayLaunch = (name: Step | IdentityCase, { upstream, scratch, proxyCpu }: Surroundings): Launch => {
  const folder = join(scratch, `gateway-${folders++}`);
  mkdirSync(folder, { recursive: true });
  return nodeLaunch('./variants/gateway.ts', [name, upstream.url, folder], proxyCpu, gatewayFlags);
};
