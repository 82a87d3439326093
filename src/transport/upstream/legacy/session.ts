import { type JsonObject, objectMember, stringMember } from '../../../model/json.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import type { Scope } from '../../../pipeline/ports.ts';
import type { Codec } from '../../../wire/codec.ts';
import { codecOf } from '../../../wire/revisions.ts';
import type { Conversation } from '../conversation.ts';
import { type Failure, NotServed } from '../link.ts';
import { notificationOf } from '../message.ts';
import { initializeRequest } from './initialize.ts';

/** What the handshake settled. */
export interface Session {
  readonly codec: Codec;
  /** The `initialize` result: capabilities and instructions. */
  readonly result: JsonObject;
}

const handshakeMs = 30_000;
/** Errors that no server of the older revisions sends to `initialize`. */
const newerErrors: ReadonlySet<unknown> = new Set([-32020, -32021, -32022, -32601]);

/** Begins a session (2025-11-25 basic/lifecycle). An initialize request must not be cancelled. */
export async function openSession(
  conversation: Conversation,
  capabilities: JsonObject,
  info: JsonObject,
  scope: Scope,
): Promise<Session | Failure> {
  const id = conversation.nextId();
  const signal = AbortSignal.timeout(handshakeMs);
  const request = initializeRequest(id, capabilities, info);
  const answer = await conversation.request(request, id, { scope, signal, silent: true });
  if (answer instanceof NotServed) return answer;
  if (answer instanceof Refusal) return signal.aborted ? late() : answer;
  const result = objectMember(answer.value, 'result');
  if (result === undefined) return refused(objectMember(answer.value, 'error'));
  const revision = stringMember(result, 'protocolVersion') ?? '';
  const codec = codecOf(revision);
  if (codec?.era !== 'legacy')
    return refuse('upstream_failed', `no common revision: ${JSON.stringify(revision)}`);
  conversation.wire.begin(revision);
  conversation.post(notificationOf('notifications/initialized'), scope);
  return { codec, result };
}

function late(): Refusal {
  return refuse('upstream_timeout', `no answer to initialize within ${handshakeMs} ms`);
}

function refused(error: JsonObject | undefined): Failure {
  const code = error?.['code'];
  if (newerErrors.has(code)) return new NotServed('era', `initialize is answered with ${code}`);
  return refuse('upstream_failed', `initialize is answered with error ${JSON.stringify(code ?? null)}`);
}
