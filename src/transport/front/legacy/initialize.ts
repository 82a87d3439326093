import type { Call } from '../../../model/call.ts';
import { type JsonDocument, type JsonObject, objectMember, stringMember } from '../../../model/json.ts';
import { metaKey } from '../../../model/meta-key.ts';
import { Refusal } from '../../../model/refusal.ts';
import type { Released } from '../../../pipeline/ports.ts';
import { documentOf } from '../../../wire/json/read.ts';
import type { Final } from '../answer.ts';
import type { FrontContext } from '../context.ts';
import { paramsOf } from '../message.ts';
import { invalidParams } from '../modern-call.ts';
import { traceOf } from '../trace.ts';
import { innerCall, type Request } from './legacy-call.ts';
import type { Introduction } from './session.ts';
import { decide, refusedFinal, refuseRecorded, type Turn } from './turn.ts';

/** A client that introduced itself, and the answer it gets. */
export interface Introduced {
  readonly introduction: Introduction;
  readonly released: Released;
  readonly final: Final;
}

/**
 * Answers `initialize` (lifecycle, "Initialization") from what the inner `server/discover` tells this subject. A version
 * we do not speak is answered with the newest that has sessions; the client then decides.
 */
export async function introduce(turn: Turn, request: Request): Promise<Introduced | Final> {
  const introduction = introductionOf(turn.context, paramsOf(request.document));
  if (introduction instanceof Refusal) return refuseRecorded(turn, introduction, request.id);
  const call = discoverCall(turn, request, introduction);
  const outcome = await decide(turn, call, {});
  if (outcome.kind === 'refused')
    return refusedFinal(outcome, outcome.refusal, request.id, introduction.codec);
  const document =
    outcome.reply.kind === 'complete'
      ? initializeResult(turn.context, introduction, outcome.reply.document, request)
      : introduction.codec.front.reply(outcome.reply, outcome.call);
  return { introduction, released: outcome, final: { status: 200, headers: [], document } };
}

/** Whether the client got a result, and so a session. */
export function isIntroduced(answered: Introduced | Final): answered is Introduced {
  return 'introduction' in answered && answered.released.reply.kind === 'complete';
}

/** The answer, whichever it is. */
export function finalOf(answered: Introduced | Final): Final {
  return 'final' in answered ? answered.final : answered;
}

function introductionOf(context: FrontContext, params: JsonObject): Introduction | Refusal {
  const version = stringMember(params, 'protocolVersion');
  const capabilities = objectMember(params, 'capabilities');
  if (version === undefined) return invalidParams('`params.protocolVersion` is not a string');
  if (capabilities === undefined) return invalidParams('`params.capabilities` is not an object');
  const codec = context.legacy.get(version) ?? context.newestLegacy;
  return { codec, capabilities, info: objectMember(params, 'clientInfo') };
}

function discoverCall({ site, exchange }: Turn, { id, document }: Request, introduction: Introduction): Call {
  const { codec, capabilities, info } = introduction;
  const meta = objectMember(paramsOf(document), '_meta');
  return innerCall(
    'server/discover',
    {},
    {
      id,
      endpoint: site.endpoint,
      client: { revision: codec.revision, capabilities, ...(info === undefined ? {} : { info }) },
      trace: traceOf(meta, exchange.header('traceparent')),
    },
  );
}

function initializeResult(
  context: FrontContext,
  { codec }: Introduction,
  discovered: JsonDocument,
  { id }: Request,
): JsonDocument {
  const result = objectMember(discovered.value, 'result') ?? {};
  const { instructions } = result;
  const { extensions: _modern, ...capabilities } = objectMember(result, 'capabilities') ?? {};
  const serverInfo = objectMember(objectMember(result, '_meta'), metaKey.serverInfo) ?? context.info;
  return documentOf({
    jsonrpc: '2.0',
    id,
    result: {
      protocolVersion: codec.revision,
      capabilities,
      serverInfo,
      ...(instructions === undefined ? {} : { instructions }),
    },
  });
}
