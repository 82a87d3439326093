import type { Call, JsonRpcId, Reply } from '../../model/call.ts';
import { denials } from '../../model/denial.ts';
import { type JsonDocument, type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import { metaKey, ownMetaPrefix } from '../../model/meta-key.ts';
import type { Refusal } from '../../model/refusal.ts';
import type { Codec } from '../../wire/codec.ts';
import { legacyCode } from '../../wire/front/legacy-error.ts';
import { documentOf } from '../../wire/json/read.ts';
import type { Final } from './answer.ts';
import { connectAddress, connectQuestion } from './connect-question.ts';

/** What a refusal answers, and what is known of it. */
export interface RefusedMessage {
  readonly refusal: Refusal;
  /** Undefined before the pipeline has seen the request. */
  readonly decisionId?: string | undefined;
  readonly id: JsonRpcId | undefined;
  readonly call?: Call | undefined;
  /** The dialect of the client; undefined where it is not known, which reads as the modern one. */
  readonly codec?: Codec | undefined;
}

/** Codes whose HTTP status means something else to a legacy client: 404 would end its session. */
const inBandForLegacy: ReadonlySet<string> = new Set([
  'invalid_params',
  'method_unknown',
  'missing_client_capability',
]);

/** The HTTP answer to a refused message, after the denial table. */
export function refusalAnswer(message: RefusedMessage): Final {
  const { refusal, codec } = message;
  const inBand = codec?.era === 'legacy' && inBandForLegacy.has(refusal.code);
  return {
    status: inBand ? 200 : denials[refusal.code].status,
    headers: Object.entries(refusal.headers ?? {}).flat(),
    document: inDialect(message),
  };
}

function inDialect(message: RefusedMessage): JsonDocument {
  const { call, codec, refusal } = message;
  if (call === undefined) return errorDocument(message, codec?.era === 'legacy');
  const question = connectQuestion(message, call);
  if (question !== undefined) return shaped(question.kind, question.document, call, codec);
  const asResult = denials[refusal.code].shape === 'tool-result' && call.method === 'tools/call';
  if (asResult) return shaped('complete', resultDocument(message, call.id), call, codec);
  return shaped('error', errorDocument(message, false), call, codec);
}

function shaped(
  kind: Reply['kind'],
  document: JsonDocument,
  call: Call,
  codec: Codec | undefined,
): JsonDocument {
  return codec === undefined ? document : codec.front.reply({ kind, document }, call);
}

/** A result that a model can read and act on (server/tools, "Error Handling"). */
function resultDocument({ refusal, decisionId }: RefusedMessage, id: JsonRpcId): JsonDocument {
  const { reason, remedy } = denials[refusal.code];
  const next = connectAddress(refusal) ?? remedy;
  const text = `${refusal.reason ?? reason}; ${next} (decision ${decisionId ?? 'none'})`;
  return documentOf({
    jsonrpc: '2.0',
    id,
    result: {
      resultType: 'complete',
      isError: true,
      content: [{ type: 'text', text }],
      _meta: { [metaKey.decision]: decisionId, [`${ownMetaPrefix}denial`]: refusal.code },
    },
  });
}

function errorDocument(message: RefusedMessage, legacy: boolean): JsonDocument {
  const { refusal, decisionId, id } = message;
  const { rpcCode, remedy } = denials[refusal.code];
  return documentOf({
    jsonrpc: '2.0',
    id,
    error: {
      code: legacy ? legacyCode(rpcCode) : rpcCode,
      message: wording(message),
      data: { denial: refusal.code, remedy, decision: decisionId, ...dataOf(message) },
    },
  });
}

/**
 * INVARIANT: what a hidden primitive and an unknown one are answered differs in nothing but the name the client sent
 * and the decision id, so nothing of the refusal itself goes into it.
 */
function wording({ refusal, call }: RefusedMessage): string {
  if (refusal.code === 'resource_unknown') return 'Resource not found';
  if (refusal.code === 'primitive_unknown' && call !== undefined)
    return `Unknown ${nounOf(call)}: ${nameIn(call)}`;
  const reason = refusal.reason ?? denials[refusal.code].reason;
  const address = connectAddress(refusal);
  return address === undefined ? reason : `${reason}; ${address}`;
}

function dataOf({ refusal, call }: RefusedMessage): JsonObject | undefined {
  if (refusal.code === 'primitive_unknown') return undefined;
  return refusal.code === 'resource_unknown' && call !== undefined ? { uri: nameIn(call) } : refusal.data;
}

function nounOf({ method }: Call): string {
  return method === 'tools/call' ? 'tool' : 'prompt';
}

function nameIn({ target, params }: Call): string {
  const reference = objectMember(params, 'ref');
  return target ?? stringMember(reference, 'name') ?? stringMember(reference, 'uri') ?? '';
}
