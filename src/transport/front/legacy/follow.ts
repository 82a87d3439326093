import { randomBytes } from 'node:crypto';
import type { Call } from '../../../model/call.ts';
import type { DenialCode } from '../../../model/denial.ts';
import type { JsonDocument } from '../../../model/json.ts';
import type { Outcome } from '../../../pipeline/ports.ts';
import { sseEvent } from '../../../wire/sse.ts';
import { pause } from '../../pause.ts';
import type { EventStream } from '../exchange.ts';
import { traceOf } from '../trace.ts';
import { innerCall } from './legacy-call.ts';
import { clientFacts, type Session } from './session.ts';
import { decide, type Turn } from './turn.ts';

/** Waiting times between attempts to listen again, in milliseconds; the last one stays. */
const pauses: readonly number[] = [250, 1000, 5000, 30_000];

/**
 * Listens for changes on behalf of a session while its stream is open: one inner `subscriptions/listen` at a time,
 * begun anew when the subscriptions change or the servers end it. A client whose credentials end loses the stream.
 */
export async function follow(turn: Turn, session: Session, stream: EventStream): Promise<void> {
  let attempt = new AbortController();
  let isOver = stream.ended;
  session.follow = () => attempt.abort();
  stream.onClose(() => {
    isOver = true;
    attempt.abort();
  });
  for (let failures = 0; !isOver; failures++) {
    attempt = new AbortController();
    const outcome = await listenOnce(turn, session, stream, attempt.signal);
    if (attempt.signal.aborted) failures = -1;
    else if (isRefusedWith(outcome, identityCodes)) return stream.end();
    else await pause(waitAfter(outcome, failures), attempt.signal);
  }
}

/** A listen that the policy refuses stays refused until the client wants something else. */
function waitAfter(outcome: Outcome, failures: number): number | undefined {
  const isPassing = outcome.kind === 'released' || isRefusedWith(outcome, passingCodes);
  return isPassing ? pauses[Math.min(failures, pauses.length - 1)] : undefined;
}

function listenOnce(
  turn: Turn,
  session: Session,
  stream: EventStream,
  signal: AbortSignal,
): Promise<Outcome> {
  const codec = session.introduction?.codec ?? turn.context.newestLegacy;
  const channel = {
    send: (message: JsonDocument): Promise<void> => {
      const told = codec.front.notification(message);
      return told === undefined ? Promise.resolve() : stream.write(sseEvent(told.bytes));
    },
  };
  return decide(turn, listenCall(turn, session), { owner: session.principal, channel, signal });
}

function listenCall(turn: Turn, session: Session): Call {
  const notifications = {
    toolsListChanged: true,
    promptsListChanged: true,
    resourcesListChanged: true,
    resourceSubscriptions: [...session.subscriptions],
  };
  return innerCall(
    'subscriptions/listen',
    { notifications },
    {
      id: randomBytes(9).toString('base64url'),
      endpoint: session.site.endpoint,
      client: clientFacts(session, turn.context.newestLegacy),
      trace: traceOf(undefined, undefined),
    },
  );
}

const identityCodes: readonly DenialCode[] = ['token_missing', 'token_invalid', 'session_unknown'];
const passingCodes: readonly DenialCode[] = [
  'upstream_failed',
  'upstream_timeout',
  'overloaded',
  'cancelled',
];

function isRefusedWith(outcome: Outcome, codes: readonly DenialCode[]): boolean {
  return outcome.kind === 'refused' && codes.includes(outcome.refusal.code);
}
