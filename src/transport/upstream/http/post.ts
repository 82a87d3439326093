import type { JsonRpcId } from '../../../model/call.ts';
import type { JsonDocument } from '../../../model/json.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import type { UpstreamCredential } from '../../../pipeline/ports.ts';
import { codecOf } from '../../../wire/revisions.ts';
import { isMessageEvent, type SseEvent } from '../../../wire/sse.ts';
import { type Failure, NotServed } from '../link.ts';
import { readMessage, sortMessage } from '../message.ts';
import type { UpstreamLimits } from '../settings.ts';
import { authorizedExchange, type Target } from './authorized.ts';
import type { Answer } from './exchange.ts';
import { failureOf, isAnswerTo, isModernError, offeredVersions } from './faults.ts';
import type { HeaderBase } from './headers.ts';

/** One request of 2026-07-28. */
export interface PostOptions {
  readonly document: JsonDocument;
  readonly id: JsonRpcId;
  readonly credential: UpstreamCredential;
  readonly base: HeaderBase;
  /** What comes after the base. */
  readonly headers: readonly string[];
  readonly path: string;
  readonly timeoutMs: number | undefined;
  readonly limits: Pick<UpstreamLimits, 'resultBytes' | 'jsonDepth'>;
  readonly log: (event: string, detail: string) => void;
  /** Takes what the server sends before its response. */
  readonly onNotification: (message: JsonDocument) => Promise<void> | undefined;
}

/** Posts one request and hands its response over, whether it came as JSON or at the end of an event stream. */
export function post(
  target: Target,
  options: PostOptions,
  signal: AbortSignal,
  settle: (outcome: JsonDocument | Failure) => void,
): void {
  const { document, credential, base, headers, path, timeoutMs, limits, id } = options;
  const running = authorizedExchange(
    target,
    {
      method: 'POST',
      path,
      credential,
      base,
      headers,
      body: document.bytes,
      timeoutMs,
      maxBytes: limits.resultBytes,
      jsonDepth: limits.jsonDepth,
      onEvent: (event) =>
        takeEvent(event, options, (response) => {
          running.finish();
          settle(response);
        }),
    },
    signal,
    (answer) => settle(answer instanceof Refusal ? answer : outcomeOf(answer, id)),
  );
}

function takeEvent(
  event: SseEvent,
  { limits, log, id, onNotification }: PostOptions,
  respond: (response: JsonDocument) => void,
): Promise<void> | Refusal | undefined {
  if (!isMessageEvent(event)) return undefined;
  const document = readMessage(event.data, limits.jsonDepth);
  if (document instanceof Refusal) return document;
  const message = sortMessage(document);
  switch (message.kind) {
    case 'notification':
      return onNotification(document);
    case 'request':
      log('server request dropped', message.method);
      return undefined;
    case 'response':
      if (message.id !== id) return refuse('upstream_failed', 'the response has the id of another request');
      respond(document);
      return undefined;
  }
}

function outcomeOf(answer: Answer, id: JsonRpcId): JsonDocument | Failure {
  const { status, document, streamed } = answer;
  if (streamed) return refuse('upstream_failed', 'the event stream ended before the response');
  if (status === 200) return document === undefined ? noMessage(status) : sameId(document, id);
  const failure = failureOf(answer);
  if (failure !== undefined) return failure;
  const offered = offeredVersions(answer);
  if (offered !== undefined) return otherVersion(offered);
  if (document !== undefined && isAnswerTo(answer, id)) return document;
  const refused = status >= 400 && !isModernError(answer);
  return refused ? new NotServed('era', `status ${status}`) : noMessage(status);
}

function sameId(document: JsonDocument, id: JsonRpcId): JsonDocument | Refusal {
  if (document.value['id'] === id) return document;
  return refuse('upstream_failed', 'the response has the id of another request');
}

function noMessage(status: number): Refusal {
  return refuse('upstream_failed', `status ${status} without a JSON-RPC message`);
}

/** A server that offers only revisions with sessions is reached by `initialize`. */
function otherVersion(offered: readonly string[]): Failure {
  if (offered.some((version) => codecOf(version)?.era === 'legacy'))
    return new NotServed('era', 'it offers older revisions');
  return refuse('upstream_failed', `the upstream speaks only ${JSON.stringify(offered.slice(0, 8))}`);
}
