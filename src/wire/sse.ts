import { Buffer } from 'node:buffer';
import { decode } from './json/text.ts';

/** One event of a `text/event-stream` (WHATWG HTML, "Server-sent events"). */
export interface SseEvent {
  readonly event?: string;
  readonly id?: string;
  readonly data: string;
  /** Milliseconds to wait before reconnecting. */
  readonly retry?: number;
}

/** Whether an event holds a JSON-RPC message; others only prime, keep alive, or tell of the transport. */
export function isMessageEvent({ event, data }: SseEvent): boolean {
  return data !== '' && (event === undefined || event === 'message');
}

/** Reads a stream chunk by chunk. Chunks may end anywhere, inside a character too. */
export interface SseReader {
  /** The events that the chunk completes; undefined once an event was larger than the limit: nothing more is read. */
  readonly push: (chunk: Uint8Array) => readonly SseEvent[] | undefined;
}

const newline = 0x0a;
const carriageReturn = 0x0d;

/** A reader that holds at most `limit` bytes of an unfinished event. */
export function sseReader(limit: number): SseReader {
  return new Reader(limit);
}

class Reader implements SseReader {
  readonly #limit: number;
  /** Bytes of the line that is not finished yet. */
  #line: Uint8Array[] = [];
  #held = 0;
  #afterCarriageReturn = false;
  #first = true;
  #failed = false;
  #draft = new Draft();

  constructor(limit: number) {
    this.#limit = limit;
  }

  readonly push = (chunk: Uint8Array): readonly SseEvent[] | undefined => {
    const events: SseEvent[] = [];
    let start = this.#skipHalfOfCrLf(chunk);
    const nextEnd = lineEnds(chunk);
    while (!this.#failed && start < chunk.length) {
      const end = nextEnd(start);
      if (end < 0) {
        this.#hold(chunk.subarray(start));
        break;
      }
      this.#finishLine(chunk.subarray(start, end), events);
      start = this.#afterLineEnd(chunk, end);
    }
    return this.#failed ? undefined : events;
  };

  #skipHalfOfCrLf(chunk: Uint8Array): number {
    if (chunk.length === 0) return 0;
    const skips = this.#afterCarriageReturn && chunk[0] === newline;
    this.#afterCarriageReturn = false;
    return skips ? 1 : 0;
  }

  #afterLineEnd(chunk: Uint8Array, end: number): number {
    if (chunk[end] === newline) return end + 1;
    if (end + 1 === chunk.length) this.#afterCarriageReturn = true;
    return chunk[end + 1] === newline ? end + 2 : end + 1;
  }

  #hold(bytes: Uint8Array): void {
    this.#count(bytes.length);
    if (!this.#failed) this.#line.push(Uint8Array.from(bytes));
  }

  #count(bytes: number): void {
    this.#held += bytes;
    this.#failed = this.#held > this.#limit;
  }

  /** Most lines stand whole in their chunk and need no copy. */
  #textOfLine(end: Uint8Array): string {
    const whole = this.#line.length === 0 ? end : Buffer.concat([...this.#line, end]);
    this.#line = [];
    return decode(whole);
  }

  #finishLine(bytes: Uint8Array, events: SseEvent[]): void {
    this.#count(bytes.length);
    if (this.#failed) return;
    const line = this.#textOfLine(bytes);
    const event = this.#draft.line(this.#first ? withoutMark(line) : line);
    this.#first = false;
    if (event !== 'unfinished') this.#held = 0;
    if (typeof event === 'object') events.push(event);
  }
}

/** Finds line ends from left to right; every byte is searched once for each of the two. */
function lineEnds(chunk: Uint8Array): (start: number) => number {
  let feed = -2;
  let carriage = -2;
  return (start) => {
    if (feed !== -1 && feed < start) feed = chunk.indexOf(newline, start);
    if (carriage !== -1 && carriage < start) carriage = chunk.indexOf(carriageReturn, start);
    return feed < 0 || (carriage >= 0 && carriage < feed) ? carriage : feed;
  };
}

function withoutMark(line: string): string {
  return line.startsWith('\ufeff') ? line.slice(1) : line;
}

/** The event that is being read. */
class Draft {
  #data: string[] = [];
  #event: string | undefined;
  #id: string | undefined;
  #retry: number | undefined;

  /** Takes a line. An empty line ends the event; one without data is dropped. */
  line(line: string): SseEvent | 'unfinished' | 'dropped' {
    if (line === '') return this.#finish();
    const colon = line.indexOf(':');
    if (colon === 0) return this.#data.length === 0 ? 'dropped' : 'unfinished';
    const field = colon < 0 ? line : line.slice(0, colon);
    const text = colon < 0 ? '' : line.slice(line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1);
    this.#field(field, text);
    return 'unfinished';
  }

  #field(field: string, text: string): void {
    if (field === 'data') this.#data.push(text);
    else if (field === 'event') this.#event = text;
    else if (field === 'id' && !text.includes('\0')) this.#id = text;
    else if (field === 'retry' && /^\d{1,9}$/.test(text)) this.#retry = Number(text);
  }

  #finish(): SseEvent | 'dropped' {
    const [data, event, id, retry] = [this.#data, this.#event, this.#id, this.#retry];
    this.#data = [];
    this.#event = undefined;
    this.#id = undefined;
    this.#retry = undefined;
    if (data.length === 0) return 'dropped';
    return {
      data: data.join('\n'),
      ...(event === undefined || event === '' ? {} : { event }),
      ...(id === undefined ? {} : { id }),
      ...(retry === undefined ? {} : { retry }),
    };
  }
}

/** What an event may carry beside its data. No value may hold a line end. */
export interface SseFields {
  readonly id?: string;
  readonly event?: string;
  readonly retry?: number;
}

const dataStart = Buffer.from('data: ');
const eventEnd = Buffer.from('\n\n');

/** The bytes of one event. Line ends inside the data become further `data` lines. */
export function sseEvent(data: Uint8Array | string, fields: SseFields = {}): Buffer {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  const head = headOf(fields);
  const oneLine = bytes.indexOf(newline) < 0 && bytes.indexOf(carriageReturn) < 0;
  if (oneLine)
    return Buffer.concat(
      head === '' ? [dataStart, bytes, eventEnd] : [Buffer.from(head), dataStart, bytes, eventEnd],
    );
  const lines = Buffer.from(bytes)
    .toString()
    .split(/\r\n|\r|\n/);
  return Buffer.from(`${head}${lines.map((line) => `data: ${line}\n`).join('')}\n`);
}

function headOf({ id, event, retry }: SseFields): string {
  const lines = [
    event === undefined ? '' : `event: ${event}\n`,
    id === undefined ? '' : `id: ${id}\n`,
    retry === undefined ? '' : `retry: ${retry}\n`,
  ];
  return lines.join('');
}

/** A comment line: keeps a quiet stream open and means nothing (streamable-http, "Sending Messages"). */
export const sseKeepAlive: Buffer = Buffer.from(': keep-alive\n\n');
