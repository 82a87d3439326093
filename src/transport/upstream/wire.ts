import type { JsonRpcId } from '../../model/call.ts';
import type { JsonDocument } from '../../model/json.ts';
import type { Refusal } from '../../model/refusal.ts';
import type { Scope } from '../../pipeline/ports.ts';
import type { Failure } from './link.ts';

/** Messages to and from one server, whatever carries them. */
export interface Wire {
  /**
   * Sends a message. Resolves when it is accepted; for a request over HTTP, when its answer has come. The value says
   * why it was not accepted or why no answer will come.
   */
  readonly send: (message: JsonDocument, sending: Sending) => Promise<Failure | undefined>;
  /** The handshake is over and this revision is spoken. */
  readonly begin: (revision: string) => void;
  /** Resolves when messages that belong to no request arrive as well, or if they never will. */
  readonly listening: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What a message is sent with. */
export interface Sending {
  /** The id, if the message is a request. */
  readonly id?: JsonRpcId;
  readonly scope: Scope;
  /** Gives the message up; the server is not told by that. */
  readonly signal: AbortSignal;
}

/** Where a wire hands over what comes. */
export interface Receiver {
  /**
   * Takes a message; no more is read until the promise resolves. `origin` is the request whose answer stream brought
   * it, where the transport tells.
   */
  readonly receive: (message: JsonDocument, origin: JsonRpcId | undefined) => Promise<void> | undefined;
  /** A response came that is no strict JSON. */
  readonly broken: (id: JsonRpcId, detail: string) => void;
  /** Nothing more will come. The refusal is what running calls are answered; undefined: the upstream failed. */
  readonly lost: (detail: string, refusal?: Refusal) => void;
}

/** Opens a wire. */
export type OpenWire = (receiver: Receiver) => Wire;
