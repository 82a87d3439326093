import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../../../src/model/json.ts';
import { answerSample, type Conversation } from './sample-server.ts';
import {
  type Answering,
  type Ending,
  type EventWriter,
  type Received,
  type ScriptedUpstream,
  scriptedUpstream,
} from './scripted-upstream.ts';

/** The sample server over Streamable HTTP of 2026-07-28. */
export function modernSample(t: Ending): Promise<ScriptedUpstream> {
  return scriptedUpstream(t, async ({ method, message }, answer) => {
    if (method !== 'POST') return answer.bytes('', 405);
    let stream: EventWriter | undefined;
    const send = (said: JsonObject): void => {
      stream ??= answer.stream();
      stream.send(said);
    };
    const response = await answerSample('modern', message, { send, ask: () => Promise.reject(new Error()) });
    if (response === undefined) return answer.bytes('', 202);
    if (stream === undefined) return answer.bytes(JSON.stringify(response), statusOf(response));
    stream.send(response);
    stream.end();
  });
}

function statusOf(response: JsonObject): number {
  return (response['error'] as JsonObject | undefined)?.['code'] === -32601 ? 404 : 200;
}

/** The sample server over Streamable HTTP with sessions, as in 2025-03-26 to 2025-11-25. */
export function sessionSample(t: Ending): Promise<ScriptedUpstream & { readonly sessions: Set<string> }> {
  const sessions = new Set<string>();
  const asked = new Questions();
  const script = async ({ method, message, headers }: Received, answer: Answering): Promise<void> => {
    const session = headers['mcp-session-id'];
    if (method === 'POST' && message['method'] === 'initialize') {
      const created = randomUUID();
      sessions.add(created);
      const response = await answerSample('legacy', message, silent);
      return answer.bytes(JSON.stringify(response), 200, { 'mcp-session-id': created });
    }
    if (typeof session !== 'string' || !sessions.has(session)) return answer.error(-32000, 'no session', 400);
    if (method === 'GET') return void answer.stream();
    if (method === 'DELETE') {
      sessions.delete(session);
      return answer.bytes('');
    }
    if (asked.answered(message) || message['id'] === undefined) return answer.bytes('', 202);
    const stream = answer.stream();
    const response = await answerSample('legacy', message, asked.conversation(stream.send));
    stream.send(response ?? {});
    stream.end();
  };
  return scriptedUpstream(t, script).then((upstream) => ({ ...upstream, sessions }));
}

/** The sample server over HTTP+SSE of 2024-11-05. */
export function sseSample(t: Ending): Promise<ScriptedUpstream> {
  const streams = new Map<string, EventWriter>();
  const asked = new Questions();
  return scriptedUpstream(
    t,
    async ({ method, path, message }, answer) => {
      const url = new URL(path, 'http://upstream');
      if (url.pathname === '/sse' && method === 'GET') {
        const id = randomUUID();
        const stream = answer.stream();
        streams.set(id, stream);
        return void stream.raw(`event: endpoint\ndata: /messages?sessionId=${id}\n\n`);
      }
      const stream = streams.get(url.searchParams.get('sessionId') ?? '');
      if (url.pathname !== '/messages' || stream === undefined) return answer.bytes('', 404);
      answer.bytes('Accepted', 202);
      if (asked.answered(message)) return;
      const response = await answerSample('legacy', message, asked.conversation(stream.send));
      if (response !== undefined) stream.send(response);
    },
    '/sse',
  );
}

const silent: Conversation = {
  send: () => undefined,
  ask: () => Promise.reject(new Error('cannot ask here')),
};

/** Keeps what was asked of a client until its response comes. */
export class Questions {
  readonly #waiting = new Map<string, (response: JsonObject) => void>();

  conversation(send: (message: JsonObject) => void): Conversation {
    return {
      send,
      ask: (method, params) =>
        new Promise((resolve) => {
          const id = randomUUID();
          this.#waiting.set(id, resolve);
          send({ jsonrpc: '2.0', id, method, params });
        }),
    };
  }

  /** Whether a message answers a question. */
  answered(message: JsonObject): boolean {
    const { id, method } = message;
    if (method !== undefined || typeof id !== 'string') return false;
    this.#waiting.get(id)?.(message);
    return this.#waiting.delete(id);
  }
}

/** The settings entry of the sample server as a process. It notes its start and what it receives in a file. */
export function stdioSample(era: 'modern' | 'legacy', notes: string): JsonObject {
  const script = fileURLToPath(new URL('sample-process.ts', import.meta.url));
  return { command: process.execPath, args: [script, era, notes], era };
}
