import { setTimeout as sleep } from 'node:timers/promises';
import type { SseEvent } from '../../wire/sse.ts';
import { eventsOf, isEventStream, isMessage } from './answer.ts';
import type { Connection } from './connection.ts';
import type { WriteMessage } from './line-sink.ts';

/** The session that a client of 2025-11-25 or before has with the gateway (2025-11-25, transports, "Session Management"). */
export interface LegacySession {
  /** What every message after `initialize` carries. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** The gateway answered `initialize`. */
  readonly begin: (id: string | undefined, revision: string | undefined) => void;
  /** Opens the stream for what the server sends of its own accord. */
  readonly listen: () => void;
  /** Tells the gateway that the session is over. */
  readonly end: () => Promise<void>;
}

/** Ways out of the session. */
export interface SessionPorts {
  readonly connection: Connection;
  readonly write: WriteMessage;
}

const endLimitMs = 1_000;
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

interface Facts {
  readonly id?: string;
  readonly revision?: string;
}

/** No session yet. */
export function legacySession({ connection, write }: SessionPorts): LegacySession {
  let facts: Facts = {};
  let listening = new AbortController();
  const headers = (): Readonly<Record<string, string>> => ({
    ...(facts.id !== undefined && { 'Mcp-Session-Id': facts.id }),
    ...(facts.revision !== undefined && { 'MCP-Protocol-Version': facts.revision }),
  });
  return {
    headers,
    begin: (id, revision) => {
      listening.abort();
      listening = new AbortController();
      facts = { ...(id !== undefined && { id }), ...(revision !== undefined && { revision }) };
    },
    listen: () => {
      if (facts.id !== undefined) void keepListening({ connection, write }, headers(), listening.signal);
    },
    end: async () => {
      listening.abort();
      if (facts.id === undefined) return;
      const signal = AbortSignal.timeout(endLimitMs);
      const gone = connection.send({ method: 'DELETE', headers: headers(), signal });
      facts = {};
      // A gateway that is gone has no session any more, so there is nothing to tell.
      await gone.then((response) => response.resume()).catch(() => undefined);
    },
  };
}

/** Reads the stream, and opens it again when it breaks, until the session ends or the gateway has none. */
async function keepListening(
  ports: SessionPorts,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  let position: Position = { pauseMs: firstPauseMs };
  while (!signal.aborted) {
    const next = await listenOnce(ports, headers, position, signal).catch(() => slower(position));
    if (next === undefined) return;
    position = next;
    await sleep(position.pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Where a broken stream goes on, and how long to wait before. */
interface Position {
  readonly lastEventId?: string;
  readonly pauseMs: number;
}

function slower(position: Position): Position {
  return { ...position, pauseMs: Math.min(position.pauseMs * 2, longestPauseMs) };
}

function behind({ id, retry }: SseEvent, position: Position): Position {
  return {
    ...position,
    ...(id !== undefined && { lastEventId: id }),
    ...(retry !== undefined && { pauseMs: Math.min(retry, longestPauseMs) }),
  };
}

/** Undefined: the gateway has no such stream, or the session is over. */
async function listenOnce(
  { connection, write }: SessionPorts,
  headers: Readonly<Record<string, string>>,
  from: Position,
  signal: AbortSignal,
): Promise<Position | undefined> {
  const resume = from.lastEventId === undefined ? {} : { 'Last-Event-ID': from.lastEventId };
  const sent = { ...headers, ...resume, Accept: 'text/event-stream' };
  const response = await connection.send({ method: 'GET', headers: sent, signal });
  if (!isEventStream(response)) {
    response.resume();
    return (response.statusCode ?? 0) >= 500 ? slower(from) : undefined;
  }
  let position: Position = { ...from, pauseMs: firstPauseMs };
  try {
    for await (const event of eventsOf(response)) {
      position = behind(event, position);
      if (isMessage(event)) await write(Buffer.from(event.data));
    }
  } catch {
    // The stream broke; what was read until then counts, and the next attempt goes on behind it.
  }
  return position;
}
