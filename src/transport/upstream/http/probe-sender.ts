import type { JsonDocument } from '../../../model/json.ts';
import { Refusal } from '../../../model/refusal.ts';
import type { Scope } from '../../../pipeline/ports.ts';
import { isMessageEvent, type SseEvent } from '../../../wire/sse.ts';
import { readMessage } from '../message.ts';
import type { UpstreamLimits } from '../settings.ts';
import { authorizedExchange, type Target } from './authorized.ts';
import type { Answer } from './exchange.ts';
import { headerBase } from './headers.ts';
import { requestPath } from './pool.ts';

/** The id of the requests of a probe. */
export const probeId = 'bartizan-probe';

/** One request of a probe. */
export interface Sent {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly headers: readonly string[];
  readonly document?: JsonDocument;
}

/** Sends a request. The response in an event stream counts as the document; an `endpoint` event makes it `streamed`. */
export type Send = (sent: Sent) => Promise<Answer | Refusal>;

/** Where and as whom a probe asks. */
export interface ProbeTarget {
  readonly target: Target;
  readonly url: URL;
  readonly scope: Scope;
  readonly limits: Pick<UpstreamLimits, 'resultBytes' | 'jsonDepth'>;
  readonly signal: AbortSignal;
}

const answerMs = 10_000;

/** Sends the requests of one probe. */
export function probeSender({ target, url, scope, limits, signal }: ProbeTarget): Send {
  const base = headerBase(['accept', 'application/json, text/event-stream']);
  return ({ method, headers, document }) =>
    new Promise((resolve) => {
      let head: Pick<Answer, 'status' | 'headers'> = { status: 0, headers: {} };
      const options = {
        method,
        path: requestPath(url),
        credential: scope.credential,
        base,
        headers,
        ...(document !== undefined && { body: document.bytes }),
        timeoutMs: answerMs,
        maxBytes: limits.resultBytes,
        jsonDepth: limits.jsonDepth,
        onHead: (status: number, received: Answer['headers']) => {
          head = { status, headers: received };
        },
        onEvent: (event: SseEvent) => {
          const found = answerIn(event, limits.jsonDepth);
          if (found === undefined || found instanceof Refusal) return found;
          running.finish();
          resolve({ ...head, ...found });
          return undefined;
        },
      };
      const running = authorizedExchange(target, options, signal, resolve);
    });
}

function answerIn(
  event: SseEvent,
  jsonDepth: number,
): Pick<Answer, 'document' | 'streamed'> | Refusal | undefined {
  if (event.event === 'endpoint') return { document: undefined, streamed: true };
  if (!isMessageEvent(event)) return undefined;
  const document = readMessage(event.data, jsonDepth);
  if (document instanceof Refusal) return document;
  return document.value['id'] === probeId ? { document, streamed: false } : undefined;
}
