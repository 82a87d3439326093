import { randomBytes } from 'node:crypto';
import type { Call } from '../../../model/call.ts';
import { capabilityToAsk } from '../../../model/client-capability.ts';
import { isJsonObject, type JsonDocument, type JsonObject, objectMember } from '../../../model/json.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import { documentOf } from '../../../wire/json/read.ts';
import type { Sink } from '../answer.ts';
import type { Session } from './session.ts';

/** Where a call may ask its client, and until when. */
export interface Asking {
  readonly session: Session;
  readonly sink: Sink;
  readonly signal: AbortSignal;
}

/**
 * Puts every input request of a result to the client as a JSON-RPC request of its own, as older revisions do, and
 * gathers the answers under the same names. Refuses if one cannot be had.
 */
export async function askAll(
  asking: Asking,
  call: Call,
  requests: JsonObject,
): Promise<JsonObject | Refusal> {
  const entries = Object.entries(requests);
  if (!entries.every((entry): entry is Askable => canAsk(call, entry[1]))) {
    return unavailable('the client did not declare what the input request needs');
  }
  const answers = await Promise.all(
    entries.map(async ([name, request]) => [name, await ask(asking, request)] as const),
  );
  const refused = answers.map(([, answer]) => answer).find((answer) => answer instanceof Refusal);
  const given = answers.flatMap(([name, answer]) =>
    answer instanceof Refusal ? [] : [[name, answer] as const],
  );
  return refused ?? Object.fromEntries(given);
}

type Askable = [name: string, request: JsonObject];

function canAsk({ client }: Call, request: unknown): request is JsonObject {
  if (!isJsonObject(request)) return false;
  const capability = capabilityToAsk(request['method']);
  const declared = capability === undefined ? undefined : objectMember(client.capabilities, capability);
  if (declared === undefined) return false;
  const isUrl = objectMember(request, 'params')?.['mode'] === 'url';
  return !isUrl || isJsonObject(declared['url']);
}

async function ask({ session, sink, signal }: Asking, request: JsonObject): Promise<JsonObject | Refusal> {
  const id = randomBytes(18).toString('base64url');
  const answered = new Promise<JsonDocument | undefined>((resolve) => {
    session.asked.set(id, resolve);
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  void sink.send(questionOf(id, request));
  const response = await answered;
  session.asked.delete(id);
  return answerIn(request, response);
}

/** Form mode is the only one that 2025-06-18 knows; URL mode needs an id there that 2026-07-28 has dropped. */
function questionOf(id: string, request: JsonObject): JsonDocument {
  const params = objectMember(request, 'params');
  const needsId = params?.['mode'] === 'url' && params['elicitationId'] === undefined;
  const older = needsId ? { ...params, elicitationId: id } : params;
  return documentOf({
    jsonrpc: '2.0',
    id,
    method: request['method'],
    ...(older === undefined ? {} : { params: older }),
  });
}

/** A client that answers an elicitation with an error has shown nothing to its user: that is a cancelled one. */
function answerIn(request: JsonObject, response: JsonDocument | undefined): JsonObject | Refusal {
  const result = objectMember(response?.value, 'result');
  if (result !== undefined) return result;
  if (response !== undefined && request['method'] === 'elicitation/create') return { action: 'cancel' };
  return unavailable(
    response === undefined ? 'the client did not answer in time' : 'the client answered with an error',
  );
}

function unavailable(detail: string): Refusal {
  return refuse('interaction_unavailable', detail);
}
