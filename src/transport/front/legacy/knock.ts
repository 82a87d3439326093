import type { JsonRpcId } from '../../../model/call.ts';
import { Refusal } from '../../../model/refusal.ts';
import type { Subject } from '../../../model/subject.ts';
import { answerTo } from '../answer.ts';
import { credentialsOf, type FrontContext } from '../context.ts';
import type { Registry } from './registry.ts';
import type { Session } from './session.ts';
import { refuseRecorded, type Turn, unknownSession } from './turn.ts';

/** What the legacy transports share. */
export interface Host {
  readonly context: FrontContext;
  readonly sessions: Registry;
}

/** One request that came in. */
export type Incoming = Pick<Turn, 'exchange' | 'site' | 'cors'>;

/** A request whose sender is known. */
export interface Known {
  readonly turn: Turn;
  readonly subject: Subject;
}

/** Identifies the sender; answers the request and returns undefined if that fails. */
export async function knock(
  { context }: Host,
  { exchange, site, cors }: Incoming,
): Promise<Known | undefined> {
  const turn: Turn = { context, exchange, site, cors, credentials: credentialsOf(exchange, site) };
  const subject = await context.options.identify(turn.credentials);
  if (!(subject instanceof Refusal)) return { turn, subject };
  await refuseTurn(turn, subject, undefined);
  return undefined;
}

/** The session an id names, if it is the sender's own. */
export function sessionOf({ sessions }: Host, { turn, subject }: Known, id: string): Session | Refusal {
  return sessions.find(id, subject, turn.site) ?? unknownSession();
}

/** Answers with a refusal. */
export async function refuseTurn(turn: Turn, refusal: Refusal, id: JsonRpcId | undefined): Promise<void> {
  const final = await refuseRecorded(turn, refusal, id);
  answerTo(turn.exchange, turn.context.streams, turn.cors).finish(final);
}
