import { setTimeout as sleep } from 'node:timers/promises';
import { arrayMember, type JsonDocument, objectMember } from '../../../model/json.ts';
import { type Refusal, refuse } from '../../../model/refusal.ts';
import type { Scope } from '../../../pipeline/ports.ts';
import { Conversation } from '../conversation.ts';
import type { Finding } from '../era.ts';
import { initializeRequest } from '../legacy/initialize.ts';
import { type Failure, isFailure } from '../link.ts';
import { requestOf } from '../message.ts';
import { isModernVersion, modernMeta } from '../modern.ts';
import type { ServerContext, StdioSettings } from '../settings.ts';
import { stdioWire } from './stdio-wire.ts';

/** After this much silence the process is asked in the older way too. */
const silenceMs = 3_000;
/** A process that is fetched before it starts, as by `npx`, needs a while. */
const startMs = 30_000;

/**
 * Finds out how a process speaks, with a process of its own: `server/discover` first; any other error, silence or an
 * exit means the older revisions (stdio, "Backward Compatibility"). Silence alone may also be a slow start, so it counts
 * only when `initialize` is answered and the question before it is not.
 */
export async function probeStdio(
  context: ServerContext<StdioSettings>,
  scope: Scope,
): Promise<Finding | Refusal> {
  const { era } = context.settings;
  if (era !== 'auto') return { era, transport: 'stdio' };
  let started = true;
  const wire = stdioWire(context, () => {
    started = false;
  });
  const conversation = new Conversation(wire, {
    onRequest: () => undefined,
    onNotification: () => undefined,
    onLost: () => undefined,
  });
  try {
    const modern = await isModern(conversation, context, scope);
    if (!started) return refuse('upstream_failed', `\`${context.settings.command}\` could not be started`);
    return { era: modern ? 'modern' : 'legacy', transport: 'stdio' };
  } finally {
    void conversation.close();
  }
}

async function isModern(conversation: Conversation, { info }: ServerContext, scope: Scope): Promise<boolean> {
  const controller = new AbortController();
  const signal = AbortSignal.any([AbortSignal.timeout(startMs), controller.signal]);
  const ask = (request: (id: number) => JsonDocument): Promise<JsonDocument | Failure> => {
    const id = conversation.nextId();
    return conversation.request(request(id), id, { scope, signal, silent: true });
  };
  const discovered = ask((id) => requestOf(id, 'server/discover', { _meta: modernMeta({}, info) })).then(
    namesModern,
  );
  const silent = sleep(silenceMs, undefined, { signal }).catch(() => undefined);
  const early = await Promise.race([discovered, silent]);
  // Standard input is read in order: whoever answers this without the other does not know the other.
  const initialized = async (): Promise<boolean> =>
    ask((id) => initializeRequest(id, {}, info)).then(() => false);
  const modern = early ?? (await Promise.race([discovered, initialized()]));
  controller.abort();
  return modern;
}

function namesModern(answer: JsonDocument | Failure): boolean {
  if (isFailure(answer)) return false;
  const versions = arrayMember(objectMember(answer.value, 'result'), 'supportedVersions') ?? [];
  return versions.some(isModernVersion);
}
