import type { Call, JsonRpcId } from '../../../model/call.ts';
import { type Refusal, refuse } from '../../../model/refusal.ts';
import type { PrincipalKey } from '../../../model/subject.ts';
import type { Arrival, Credentials, Outcome } from '../../../pipeline/ports.ts';
import type { Codec } from '../../../wire/codec.ts';
import type { Final } from '../answer.ts';
import type { FrontContext } from '../context.ts';
import type { Site } from '../endpoints.ts';
import type { Exchange } from '../exchange.ts';
import { refusalAnswer } from '../refusal-answer.ts';

/** One HTTP request of a legacy client. */
export interface Turn {
  readonly context: FrontContext;
  readonly exchange: Exchange;
  readonly site: Site;
  readonly credentials: Credentials;
  readonly cors: readonly string[];
}

/** Nothing comes back on the way of a refusal. */
const noChannel: Arrival['channel'] = { send: () => Promise.resolve() };

/** Puts a call, or the refusal to read one, through the pipeline. Only `owner` may use what `call` was made of. */
export function decide(
  { context, site, credentials }: Turn,
  call: Call | Refusal,
  way: {
    readonly owner?: PrincipalKey;
    readonly channel?: Arrival['channel'];
    readonly signal?: AbortSignal;
  },
): Promise<Outcome> {
  const arrival: Arrival = {
    endpoint: site.endpoint,
    credentials,
    decode: (subject) =>
      way.owner === undefined || subject.principal === way.owner ? call : unknownSession(),
    agrees: () => undefined,
    channel: way.channel ?? noChannel,
  };
  return context.options.enforce(arrival, way.signal ?? never);
}

const never = new AbortController().signal;

/** INVARIANT: a session that does not exist and one of somebody else get this same answer. */
export function unknownSession(): Refusal {
  return refuse('session_unknown', 'no session of that id for this principal at this endpoint');
}

/** Refuses through the pipeline, so that the refusal is recorded and can be asked about. */
export async function refuseRecorded(
  turn: Turn,
  refusal: Refusal,
  id: JsonRpcId | undefined,
  codec: Codec = turn.context.newestLegacy,
): Promise<Final> {
  return refusedFinal(await decide(turn, refusal, {}), refusal, id, codec);
}

/** The answer to a refused call. The pipeline may have found a reason of its own to refuse before. */
export function refusedFinal(
  outcome: Outcome,
  refusal: Refusal,
  id: JsonRpcId | undefined,
  codec: Codec,
): Final {
  const { decisionId } = outcome;
  if (outcome.kind === 'released')
    return refusalAnswer({ refusal, decisionId, id, call: outcome.call, codec });
  return refusalAnswer({ refusal: outcome.refusal, decisionId, id, call: outcome.call, codec });
}
