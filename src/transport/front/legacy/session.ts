import { randomBytes } from 'node:crypto';
import type { ClientFacts, JsonRpcId } from '../../../model/call.ts';
import type { JsonDocument, JsonObject } from '../../../model/json.ts';
import type { PrincipalKey } from '../../../model/subject.ts';
import type { Codec } from '../../../wire/codec.ts';
import type { Site } from '../endpoints.ts';
import type { EventStream } from '../exchange.ts';

/** What a client says of itself when its session begins. */
export interface Introduction {
  readonly codec: Codec;
  readonly capabilities: JsonObject;
  readonly info: JsonObject | undefined;
}

/**
 * One session of a legacy client. It belongs to the principal that began it, at the endpoint where it began.
 *
 * INVARIANT: a session id proves nothing. Every message is identified by its own credentials, and a session of
 * another principal is answered as if it did not exist.
 */
export interface Session {
  /** 256 random bits, base64url. */
  readonly id: string;
  readonly principal: PrincipalKey;
  readonly site: Site;
  /** Undefined until `initialize`, which HTTP+SSE sends into a session that exists already. */
  introduction: Introduction | undefined;
  /** What `logging/setLevel` asked for. Until then the server decides (2025-11-25 server/utilities/logging): `info`. */
  logLevel: string;
  readonly subscriptions: Set<string>;
  /** The calls that run, by {@link callKey}. */
  readonly calls: Map<string, AbortController>;
  /** Takes the client's answers to what it was asked, by the id of the question. */
  readonly asked: Map<string, (response: JsonDocument) => void>;
  /** The stream for messages that belong to no call. */
  stream: EventStream | undefined;
  /** Begins the listening for changes anew, after the subscriptions have changed. */
  follow: (() => void) | undefined;
  /** Milliseconds since the epoch. */
  usedAt: number;
}

/** A session that begins now. */
export function newSession(
  principal: PrincipalKey,
  site: Site,
  introduction: Introduction | undefined,
  now: number,
): Session {
  return {
    id: randomBytes(32).toString('base64url'),
    principal,
    site,
    introduction,
    logLevel: 'info',
    subscriptions: new Set(),
    calls: new Map(),
    asked: new Map(),
    stream: undefined,
    follow: undefined,
    usedAt: now,
  };
}

/** Keeps the ids `1` and `"1"` apart. */
export function callKey(id: JsonRpcId): string {
  return JSON.stringify(id);
}

/** What is known of the client of a session. */
export function clientFacts({ introduction, logLevel }: Session, fallback: Codec): ClientFacts {
  const info = introduction?.info;
  return {
    revision: (introduction?.codec ?? fallback).revision,
    capabilities: introduction?.capabilities ?? {},
    ...(info === undefined ? {} : { info }),
    logLevel,
  };
}

/** Whether anything runs or is connected. */
export function isBusy({ calls, stream }: Session): boolean {
  return calls.size > 0 || stream !== undefined;
}

const sessionOver = new Error('the session ended');

/** Cancels what runs and ends the stream. */
export function endSession(session: Session): void {
  for (const call of session.calls.values()) call.abort(sessionOver);
  session.stream?.cut();
}
