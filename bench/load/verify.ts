import { isDeepStrictEqual } from 'node:util';
import { idDigits, resultBody, type Shape, sseEvents, type Template, template, writeId } from '../shapes.ts';

/** `exact`: byte for byte; `altered`: the same messages written another way; `wrong`: anything else. */
export type Verdict = 'exact' | 'altered' | 'wrong';

export type Verify = (id: string, head: string, body: Buffer) => Verdict;

/**
 * Checks that a reply is the upstream's, whole, and belongs to the call with this id, so that a proxy that answers
 * errors quickly, or another caller's reply, cannot look fast.
 */
export const createVerify = (shape: Shape): Verify => {
  const expected = template(
    shape.reply === 'json' ? resultBody(shape.replyBytes) : sseEvents(shape.replyBytes).join(''),
  );
  const scratch = Buffer.from(expected.bytes);
  return (id, head, body) => {
    if (!head.startsWith('HTTP/1.1 200 ') || id.length !== idDigits) return 'wrong';
    if (body.equals(writeId(scratch, expected.places, id))) return 'exact';
    return sameMessages(shape, body, expected, id) ? 'altered' : 'wrong';
  };
};

const sameMessages = (shape: Shape, body: Buffer, expected: Template, id: string): boolean => {
  const wanted = writeId(Buffer.from(expected.bytes), expected.places, id).toString();
  const read = shape.reply === 'json' ? (text: string) => [text] : eventData;
  try {
    const messages = read(body.toString()).map(essence);
    return isDeepStrictEqual(messages, read(wanted).map(essence));
  } catch {
    return false;
  }
};

/** The data of each event that has some (HTML, "Server-sent events", section 9.2.6). */
const eventData = (text: string): string[] =>
  text
    .split(/\r?\n\r?\n/)
    .map((event) =>
      event
        .split(/\r?\n/)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trimStart())
        .join('\n'),
    )
    .filter((data) => data !== '');

/** What a gateway may not change: who is answered and with what. It may add `_meta` and caching hints. */
const essence = (json: string): unknown => {
  const message = JSON.parse(json) as {
    id?: unknown;
    method?: unknown;
    params?: unknown;
    error?: unknown;
    result?: { content?: unknown; isError?: unknown };
  };
  const { id, method, params, error, result } = message;
  return [id, method, params, error, result?.content, result?.isError ?? false];
};
