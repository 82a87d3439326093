import { resultBody, sseEvents, type Template, template } from '../shapes.ts';

/** The whole HTTP reply, ready but for the id. `hold` has no last chunk: the stream stays open. */
export const replyTemplate = (reply: string, bytes: number): Template => {
  if (reply === 'json') return template(jsonReply(resultBody(bytes)));
  if (reply === 'sse') return template(sseHead + sseEvents(bytes).map(chunk).join('') + lastChunk);
  if (reply === 'hold') return template(sseHead + chunk(sseEvents(bytes)[0]!));
  throw new Error(`unknown kind of reply: ${reply}`);
};

export const jsonReply = (body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

const sseHead =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n';

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

const lastChunk = '0\r\n\r\n';
