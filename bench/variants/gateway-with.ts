import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal } from '../../src/audit/journal.ts';
import type { GuardMode } from '../../src/control/settings-file.ts';
import { createSeal } from '../../src/flow/seal.ts';
import { createGeneration, type Generation, type Lasting } from '../../src/gateway/generation.ts';
import { type LastingIdentity, openLastingIdentity } from '../../src/gateway/lasting-identity.ts';
import { grantToken, ownerOf } from '../../src/gateway/owner-token.ts';
import { systemClock } from '../../src/gateway/system-clock.ts';
import { startGateway } from '../../src/gateway.ts';
import type { Journal } from '../../src/pipeline/ports.ts';
import { createMemoryEraVerdicts } from '../../src/store/memory/era-verdicts.ts';
import { listen } from '../../src/transport/front/listen.ts';
import { codecs } from '../../src/wire/revisions.ts';
import type { Compose, Composition, Running } from './compose.ts';
import { benchSettings } from './configuration.ts';
import { latencyFromLog } from './latency-from-log.ts';

/** Which rooms work beside identity, front, policy and upstream leg. */
export interface Rooms {
  readonly guard: GuardMode;
  /** Appends every decision and outcome, but does not hold answers for the disk. */
  readonly record: boolean;
}

/** What else may differ. */
export interface Changes {
  /** Further sections of the configuration. */
  readonly settings?: object;
  /** Takes parts of identity out, or puts others in their place. */
  readonly identity?: (identity: LastingIdentity) => LastingIdentity;
}

const done = Promise.resolve();
const nowhere: Journal = { append: () => done };

/** The gateway's own rooms put together with some of them switched off. */
export async function composedGateway(
  composition: Composition,
  rooms: Rooms,
  { settings: more, identity: changed = (same) => same }: Changes = {},
): Promise<Running> {
  const read = await benchSettings(composition, more);
  const settings = { ...read, guard: { hiddenText: rooms.guard, secrets: rooms.guard } };
  const clock = systemClock();
  const owner = await ownerOf(settings, clock);
  if (owner === undefined) throw new Error('the owner is off');
  const lasting: Lasting = {
    adapters: {},
    clock,
    journal: rooms.record ? await unheld(settings.audit.directory) : nowhere,
    seal: createSeal(new Uint8Array(32), clock),
    verdicts: createMemoryEraVerdicts(),
    info: { name: 'bartizan', version: 'bench' },
    report: () => undefined,
    identity: changed(await openLastingIdentity(settings, clock, () => undefined, [])),
  };
  const ready = Promise.withResolvers<void>();
  let generation: Generation | undefined;
  const current = (): Generation => {
    if (generation === undefined) throw new Error('it has not started yet');
    return generation;
  };
  const revisions = codecs.map(({ revision }) => revision);
  const listening = await listen({
    enforce: (arrival, signal) => current().enforce(arrival, signal),
    identify: (credentials) => current().identify(credentials),
    codecs,
    clock,
    front: {
      servers: (endpoint) => current().servers(endpoint),
      revisions,
      info: lasting.info,
      replaced: new AbortController().signal,
    },
    metadata: () => ({}),
    host: '127.0.0.1',
    port: 0,
    limits: settings.limits,
    ready: ready.promise,
  });
  generation = await createGeneration({ settings, lasting, owner, origin: listening.url });
  ready.resolve();
  const token = grantToken(owner, settings, clock, listening.url).value;
  return running(`${listening.url}/mcp/bench`, token, () => undefined);
}

async function unheld(directory: string): Promise<Journal> {
  mkdirSync(directory, { recursive: true });
  const journal = await openJournal({ directory });
  return {
    append: (record) => {
      journal.append(record).catch((fault: unknown) => {
        throw fault;
      });
      return done;
    },
  };
}

/** The product, as the command line starts it: every control on, no answer before its record. */
export const productGateway: Compose = async (composition) => {
  const settings = await benchSettings(composition);
  const { endpoints, token } = await startGateway(settings, {});
  const url = endpoints['bench'];
  if (url === undefined || token === undefined) throw new Error('the gateway offers no endpoint or token');
  return running(url, token.value, latencyFromLog(join(settings.audit.directory)));
};

function running(url: string, token: string, latency: Running['latency']): Running {
  return { url, headers: { Authorization: `Bearer ${token}` }, tool: 'lookup', latency };
}
