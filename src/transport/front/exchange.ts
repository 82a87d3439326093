import type { PeerCertificate } from '../../pipeline/ports.ts';

/** One HTTP request and the way to answer it, whatever server it came by. */
export interface Exchange {
  readonly method: string;
  /** The path of the request target, without the query. */
  readonly path: string;
  /** The query without its question mark; empty if there is none. */
  readonly query: string;
  /** The address of the other end of the connection. */
  readonly peer: string;
  /** The certificate that the other end proved in the TLS handshake; nobody has judged it yet. */
  readonly certificate: PeerCertificate | undefined;
  /** The port that the request came in by. */
  readonly localPort: number;
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** Names and values in turn, as received, repeated ones included. */
  readonly rawHeaders: readonly string[];
  /** How many different header names were received. */
  readonly headerNames: readonly string[];
  /** The whole body. Nothing of a body that is too large is kept. */
  readonly read: (limit: number) => Promise<Uint8Array | UnreadBody>;
  /** Answers at once. Header names and values in turn. */
  readonly respond: (status: number, headers: readonly string[], body: Uint8Array) => void;
  /** Answers with an event stream. */
  readonly stream: (headers: readonly string[]) => EventStream;
  /** Aborted when the client goes away before its answer is complete. */
  readonly closed: AbortSignal;
}

/** Why there is no body: it is larger than allowed, or the client went away. */
export type UnreadBody = 'too-large' | 'aborted';

/** An answer that is written piece by piece. */
export interface EventStream {
  /** Resolves when the client can take more, or is gone. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** The client has not taken yet what was written. */
  readonly blocked: boolean;
  readonly ended: boolean;
  readonly end: (bytes?: Uint8Array) => void;
  /** Ends the stream and aborts {@link Exchange.closed}: nobody waits for the rest. */
  readonly cut: () => void;
  /** Runs once when the stream is over, whoever ended it. */
  readonly onClose: (run: () => void) => void;
}
