import type { IncomingMessage } from 'node:http';
import { denials } from '../../model/denial.ts';
import { type JsonDocument, type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import { bodyOf, messagesOf } from './answer.ts';
import type { Connection } from './connection.ts';
import type { KnownTools } from './known-tools.ts';
import { paramsOf, peek } from './message.ts';
import { modernHeaders } from './modern-headers.ts';

/** Sends requests of 2026-07-28. */
export interface ModernSender {
  readonly send: (request: ModernRequest) => Promise<IncomingMessage>;
  /** Takes in an answer to `tools/list` that passed by. */
  readonly learn: (answer: JsonObject) => void;
}

/** One request with the revision it names. */
interface ModernRequest {
  readonly revision: string;
  readonly method: string;
  readonly document: JsonDocument;
  readonly signal: AbortSignal;
}

const bothTypes = { Accept: 'application/json, text/event-stream' };
const mostPages = 100;

/** Sends with the headers that mirror the body. */
export function modernSender(connection: Connection, tools: KnownTools): ModernSender {
  const post = ({ revision, method, document, signal }: ModernRequest): Promise<IncomingMessage> => {
    const headers = { ...bothTypes, ...modernHeaders(revision, method, document, tools) };
    return connection.send({ method: 'POST', headers, body: document.bytes, signal });
  };
  return {
    learn: tools.learn,
    send: async (request) => {
      const response = await post(request);
      const mayLackMirror =
        request.method === 'tools/call' && response.statusCode === denials.header_mismatch.status;
      if (!mayLackMirror) return response;
      // The client knew the tool from before; its schema says which arguments are mirrored. Nothing was executed.
      await bodyOf(response);
      await learnAll(post, tools, request);
      return post(request);
    },
  };
}

/** Asks for the list of tools as the client would. */
async function learnAll(
  post: (request: ModernRequest) => Promise<IncomingMessage>,
  tools: KnownTools,
  { revision, document, signal }: ModernRequest,
): Promise<void> {
  const _meta = objectMember(paramsOf(document), '_meta');
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const params = { _meta, ...(cursor !== undefined && { cursor }) };
    const value: JsonObject = { jsonrpc: '2.0', id: `bartizan-stdio-${page}`, method: 'tools/list', params };
    const bytes = Buffer.from(JSON.stringify(value));
    const response = await post({ revision, method: 'tools/list', document: { value, bytes }, signal });
    cursor = undefined;
    for await (const message of messagesOf(response)) {
      const answer = peek(message);
      if (answer !== undefined) tools.learn(answer);
      cursor = stringMember(objectMember(answer, 'result'), 'nextCursor');
    }
    if (cursor === undefined) return;
  }
}
