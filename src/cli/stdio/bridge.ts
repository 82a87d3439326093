import type { IncomingMessage } from 'node:http';
import { isJsonRpcId, type JsonRpcId } from '../../model/call.ts';
import { type JsonDocument, type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import { messagesOf } from './answer.ts';
import type { Connection } from './connection.ts';
import { explainFault, explainStatus, faultAnswer, refusedAnswer, unreadableAnswer } from './fault.ts';
import { knownTools } from './known-tools.ts';
import { type LegacySession, legacySession } from './legacy-session.ts';
import type { WriteMessage } from './line-sink.ts';
import { answers, type ClientMessage, modernRevision, paramsOf, peek, readMessage } from './message.ts';
import { type ModernSender, modernSender } from './modern-sender.ts';

/** Carries the messages of one stdio client to the gateway and the answers back. */
export interface Bridge {
  /** Takes one line. Resolves when the next may be taken; requests go on meanwhile. */
  readonly take: (line: Uint8Array) => Promise<void>;
  /** Resolves when every request is answered; streams that never end are not waited for. */
  readonly idle: () => Promise<void>;
  /** Breaks off what is running. */
  readonly abort: () => void;
  /** Breaks off what is running and ends the session. */
  readonly close: () => Promise<void>;
}

/** What the bridge needs. */
export interface BridgePorts {
  readonly connection: Connection;
  readonly write: WriteMessage;
  /** Takes a sentence for the person who looks into the client's log. */
  readonly report: (sentence: string) => void;
}

/** A bridge without a session. */
export function createBridge(ports: BridgePorts): Bridge {
  const tools = knownTools();
  const session = legacySession(ports);
  const modern = modernSender(ports.connection, tools);
  const flights = new Flights();
  const carrier: Carrier = { ...ports, session, modern, flights };
  return {
    take: (line) => take(carrier, readMessage(line)),
    idle: () => flights.landed(),
    abort: () => flights.abort(),
    close: async () => {
      flights.abort();
      await session.end();
      ports.connection.close();
    },
  };
}

interface Carrier extends BridgePorts {
  readonly session: LegacySession;
  readonly modern: ModernSender;
  readonly flights: Flights;
}

type RequestMessage = Extract<ClientMessage, { kind: 'request' }>;

const bothTypes = { Accept: 'application/json, text/event-stream' };

async function take(carrier: Carrier, message: ClientMessage): Promise<void> {
  switch (message.kind) {
    case 'request': {
      const flight = carrier.flights.start(message, (signal) => request(carrier, message, signal));
      // The session that later messages belong to comes with this answer.
      return message.method === 'initialize' ? flight : undefined;
    }
    case 'notification':
      return notification(carrier, message.method, message.document);
    case 'response':
      return post(carrier, message.document.bytes);
    case 'batch':
      return batch(carrier, message.bytes);
    case 'unreadable':
      return carrier.write(unreadableAnswer(message.why));
  }
}

/** Sends a request and passes on everything that comes back, ending with its answer. */
async function request(carrier: Carrier, message: RequestMessage, signal: AbortSignal): Promise<void> {
  try {
    const response = await send(carrier, message, signal);
    if (await passOn(carrier, message, response)) return;
    if (!signal.aborted) await fail(carrier, message.id, explainStatus(response));
  } catch (error) {
    if (!signal.aborted) await fail(carrier, message.id, explainFault(error));
  }
}

function send(
  { modern, connection, session }: Carrier,
  { method, document }: RequestMessage,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const revision = modernRevision(document);
  if (revision !== undefined) return modern.send({ revision, method, document, signal });
  const headers = method === 'initialize' ? bothTypes : { ...bothTypes, ...session.headers() };
  return connection.send({ method: 'POST', headers, body: document.bytes, signal });
}

function fail({ write, report }: Carrier, id: JsonRpcId, why: string): Promise<void> {
  report(why);
  return write(faultAnswer(id, why));
}

/** Whether the answer was among what came. */
async function passOn(
  carrier: Carrier,
  request: RequestMessage,
  response: IncomingMessage,
): Promise<boolean> {
  const refused = (response.statusCode ?? 0) >= 400;
  for await (const bytes of messagesOf(response)) {
    const message = peek(bytes);
    const answered = answers(message, request.id);
    if (refused && message?.['error'] !== undefined) return refuse(carrier, request.id, message);
    if (answered && message !== undefined) observe(carrier, request, message, response);
    await carrier.write(bytes);
    if (answered) return true;
  }
  return false;
}

async function refuse({ write, report }: Carrier, id: JsonRpcId, refusal: JsonObject): Promise<boolean> {
  const answer = refusedAnswer(id, refusal);
  const { message, data } = objectMember(refusal, 'error') ?? {};
  report(`refused: ${String(message)} (${JSON.stringify(data ?? {})})`);
  await write(answer);
  return true;
}

/** What the bridge must remember of an answer. */
function observe(
  { session, modern }: Carrier,
  { method }: RequestMessage,
  answer: JsonObject,
  response: IncomingMessage,
): void {
  if (method === 'tools/list') modern.learn(answer);
  const result = objectMember(answer, 'result');
  if (method !== 'initialize' || result === undefined) return;
  session.begin(response.headers['mcp-session-id']?.toString(), stringMember(result, 'protocolVersion'));
}

async function notification(carrier: Carrier, method: string, document: JsonDocument): Promise<void> {
  if (method === 'notifications/cancelled') return cancel(carrier, document);
  const revision = modernRevision(document);
  if (revision === undefined) await post(carrier, document.bytes);
  // 2026-07-28 gives clients no notification over HTTP but the end of a response, which `cancel` does.
  else carrier.report(`\`${method}\` has no meaning over HTTP in ${revision}; it was left out`);
  if (method === 'notifications/initialized') carrier.session.listen();
}

/**
 * In 2026-07-28 a closed response is the cancellation (streamable-http, "Cancellation"); before, it is this
 * notification, and a closed response means nothing.
 */
async function cancel(carrier: Carrier, document: JsonDocument): Promise<void> {
  const id = paramsOf(document)?.['requestId'];
  const flight = isJsonRpcId(id) ? carrier.flights.of(id) : undefined;
  if (flight?.modern !== true) await post(carrier, document.bytes);
  flight?.abort();
}

/** Sends what has no answer. */
async function post({ connection, session, report }: Carrier, body: Uint8Array): Promise<void> {
  const headers = { ...bothTypes, ...session.headers() };
  try {
    const signal = AbortSignal.timeout(postLimitMs);
    const response = await connection.send({ method: 'POST', headers, body, signal });
    response.resume();
    if ((response.statusCode ?? 0) >= 300) report(explainStatus(response));
  } catch (error) {
    report(explainFault(error));
  }
}

/** A gateway takes a notification without waiting for anything. */
const postLimitMs = 10_000;

function batch({ connection, session, write, report, flights }: Carrier, body: Uint8Array): void {
  const headers = { ...bothTypes, ...session.headers() };
  void flights.startUnnamed(async (signal) => {
    try {
      const response = await connection.send({ method: 'POST', headers, body, signal });
      for await (const bytes of messagesOf(response)) await write(bytes);
    } catch (error) {
      report(explainFault(error));
    }
  });
}

/** A request on its way. */
interface Flight {
  readonly modern: boolean;
  /** Never ends by itself, so nobody waits for it. */
  readonly endless: boolean;
  readonly done: Promise<void>;
  readonly abort: () => void;
}

/** The requests that are not answered yet. */
class Flights {
  readonly #flights = new Map<JsonRpcId | symbol, Flight>();

  readonly start = (
    { id, method, document }: RequestMessage,
    run: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> => {
    const modern = modernRevision(document) !== undefined;
    return this.#add(id, { modern, endless: method === 'subscriptions/listen' }, run);
  };

  readonly startUnnamed = (run: (signal: AbortSignal) => Promise<void>): Promise<void> =>
    this.#add(Symbol('batch'), { modern: false, endless: false }, run);

  readonly of = (id: JsonRpcId): Flight | undefined => this.#flights.get(id);

  readonly abort = (): void => {
    for (const flight of this.#flights.values()) flight.abort();
  };

  readonly landed = async (): Promise<void> => {
    const ending = [...this.#flights.values()].filter(({ endless }) => !endless);
    await Promise.all(ending.map(({ done }) => done));
  };

  #add(
    key: JsonRpcId | symbol,
    facts: Pick<Flight, 'modern' | 'endless'>,
    run: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const controller = new AbortController();
    const done = run(controller.signal).finally(() => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    });
    const flight: Flight = { ...facts, done, abort: () => controller.abort() };
    this.#flights.set(key, flight);
    return done;
  }
}
