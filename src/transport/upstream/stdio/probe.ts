import { arrayMember, objectMember } from '../../../model/json.ts';
import { metaKey } from '../../../model/meta-key.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import type { Scope } from '../../../pipeline/ports.ts';
import { codecOf } from '../../../wire/revisions.ts';
import { Conversation } from '../conversation.ts';
import type { Finding } from '../era.ts';
import { modernCodec } from '../http/modern-link.ts';
import { NotServed } from '../link.ts';
import { requestOf } from '../message.ts';
import type { ServerContext, StdioSettings } from '../settings.ts';
import { stdioWire } from './stdio-wire.ts';

const discoverMs = 3_000;

/**
 * Finds out how a process speaks, with a process of its own: `server/discover` first; any other error, silence or an
 * exit means the older revisions (stdio, "Backward Compatibility").
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
  const id = conversation.nextId();
  const meta = {
    [metaKey.protocolVersion]: modernCodec.revision,
    [metaKey.clientCapabilities]: {},
    [metaKey.clientInfo]: info,
  };
  const answer = await conversation.request(requestOf(id, 'server/discover', { _meta: meta }), id, {
    scope,
    signal: AbortSignal.timeout(discoverMs),
    silent: true,
  });
  if (answer instanceof Refusal || answer instanceof NotServed) return false;
  const versions = arrayMember(objectMember(answer.value, 'result'), 'supportedVersions') ?? [];
  return versions.some((version) => typeof version === 'string' && codecOf(version)?.era === 'modern');
}
