import { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PeerCertificate } from '../../pipeline/ports.ts';
import type { EventStream, Exchange, UnreadBody } from './exchange.ts';
import { peerCertificate } from './peer-certificate.ts';

/** The reason that signals carry; made once, because an error with its stack is dear. */
const clientGone = new Error('the client went away');
const nothing: Promise<void> = Promise.resolve();

/** An exchange of `node:http`. A client that takes nothing for `stallMs` while it is owed bytes is cut off. */
export function nodeExchange(request: IncomingMessage, response: ServerResponse, stallMs: number): Exchange {
  return new NodeExchange(request, response, stallMs);
}

class NodeExchange implements Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #stallMs: number;
  #closed: AbortController | undefined;
  #headerNames: readonly string[] | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, stallMs: number) {
    this.#request = request;
    this.#response = response;
    this.#stallMs = stallMs;
    this.method = request.method ?? '';
    const target = request.url ?? '';
    const mark = target.indexOf('?');
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.query = mark < 0 ? '' : target.slice(mark + 1);
  }

  get peer(): string {
    return this.#request.socket.remoteAddress ?? '';
  }

  get certificate(): PeerCertificate | undefined {
    return peerCertificate(this.#request.socket);
  }

  get localPort(): number {
    return this.#request.socket.localPort ?? 0;
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders;
  }

  get headerNames(): readonly string[] {
    this.#headerNames ??= Object.keys(this.#request.headers);
    return this.#headerNames;
  }

  get closed(): AbortSignal {
    if (this.#closed === undefined) {
      const closed = new AbortController();
      this.#closed = closed;
      if (this.#response.destroyed) closed.abort(clientGone);
      else this.#response.once('close', () => this.#response.writableFinished || closed.abort(clientGone));
    }
    return this.#closed.signal;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === 'string' ? value : value?.join(', ');
  }

  read(limit: number): Promise<Uint8Array | UnreadBody> {
    const request = this.#request;
    if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.resolve('too-large');
    return new Promise((resolve) => {
      let size = 0;
      let chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= limit) return void chunks.push(chunk);
        chunks = [];
        request.pause();
        resolve('too-large');
      });
      request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
      request.on('error', () => resolve('aborted'));
      request.on('close', () => resolve('aborted'));
    });
  }

  respond(status: number, headers: readonly string[], body: Uint8Array): void {
    if (this.#response.destroyed) return;
    if (this.#response.headersSent) return void this.#response.destroy();
    const length = status === 204 ? [] : ['Content-Length', String(body.length)];
    this.#response.writeHead(status, [...headers, ...length]);
    this.#response.end(body);
    limitStall(this.#response, this.#stallMs);
  }

  stream(headers: readonly string[]): EventStream {
    this.#response.writeHead(200, [...headers]);
    return new NodeStream(this.#response, this.#stallMs, () => {
      void this.closed;
      this.#closed?.abort(clientGone);
    });
  }
}

class NodeStream implements EventStream {
  readonly #response: ServerResponse;
  readonly #stallMs: number;
  readonly #abort: () => void;
  #drained: Promise<void> | undefined;

  constructor(response: ServerResponse, stallMs: number, abort: () => void) {
    this.#response = response;
    this.#stallMs = stallMs;
    this.#abort = abort;
  }

  get blocked(): boolean {
    return this.#drained !== undefined;
  }

  get ended(): boolean {
    return this.#response.writableEnded || this.#response.destroyed;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.ended) return nothing;
    if (this.#response.write(bytes)) return this.#drained ?? nothing;
    this.#drained ??= this.#untilDrained();
    return this.#drained;
  }

  end(bytes?: Uint8Array): void {
    if (this.ended) return;
    this.#response.end(bytes);
    limitStall(this.#response, this.#stallMs);
  }

  cut(): void {
    this.end();
    this.#abort();
  }

  onClose(run: () => void): void {
    if (this.#response.destroyed) run();
    else this.#response.once('close', run);
  }

  #untilDrained(): Promise<void> {
    const response = this.#response;
    response.socket?.setTimeout(this.#stallMs);
    return new Promise((resolve) => {
      const done = (): void => {
        response.off('drain', done);
        response.off('close', done);
        this.#drained = undefined;
        response.socket?.setTimeout(0);
        resolve();
      };
      response.on('drain', done);
      response.on('close', done);
    });
  }
}

/** Node destroys a socket whose time-out passes without any byte taken, and sets its own time-out after the answer. */
function limitStall({ socket }: ServerResponse, ms: number): void {
  if (socket !== null && socket.writableLength > 0) socket.setTimeout(ms);
}
