import { Buffer } from 'node:buffer';
import type { JsonDocument } from '../../model/json.ts';
import type { JsonFault } from '../json/fault.ts';
import { isFault, readDocument } from '../json/read.ts';
import { code, skipSpace, stringEnd } from '../json/tokens.ts';

/** Whether a body is a JSON array: a batch of 2025-03-26, refused by every other revision. */
export function isBatch(body: Uint8Array): boolean {
  const first = body.find((byte) => byte > code.space);
  return first === code.openBracket;
}

/**
 * Splits a batch into its messages. Each is read as strictly as a message that comes alone; the first fault is the
 * fault of the batch. The body is known to be a JSON array (strictly read members would hide their duplicates).
 */
export function readBatch(
  body: Uint8Array,
  depth: number,
  limit: number,
): readonly JsonDocument[] | JsonFault {
  const whole = wellFormed(body);
  if (whole === undefined) return { fault: 'syntax', detail: 'the batch is not JSON' };
  const texts = elementsOf(whole);
  if (texts.length === 0) return { fault: 'batch', detail: 'the batch is empty' };
  if (texts.length > limit) return { fault: 'size', detail: `the batch holds more than ${limit} messages` };
  const read = texts.map((text) => readDocument(Buffer.from(text), { depth }));
  return read.find(isFault) ?? (read as readonly JsonDocument[]);
}

function wellFormed(body: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    JSON.parse(text);
    return text;
  } catch {
    return undefined;
  }
}

/** The texts of the elements of a well-formed array. */
function elementsOf(text: string): readonly string[] {
  const elements: string[] = [];
  let depth = 0;
  let start = skipSpace(text, 0) + 1;
  let at = start;
  const take = (): void => void elements.push(text.slice(start, at).trim());
  for (; depth >= 0; at = text.charCodeAt(at) === code.quote ? stringEnd(text, at) : at + 1) {
    depth += nesting(text.charCodeAt(at));
    if (depth === 0 && text.charCodeAt(at) === code.comma) {
      take();
      start = at + 1;
    }
  }
  at -= 1;
  take();
  return elements.length === 1 && elements[0] === '' ? [] : elements;
}

function nesting(here: number): number {
  if (here === code.openBrace || here === code.openBracket) return 1;
  return here === code.closeBrace || here === code.closeBracket ? -1 : 0;
}
