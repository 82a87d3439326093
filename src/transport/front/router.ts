import { Buffer } from 'node:buffer';
import { Refusal, refuse } from '../../model/refusal.ts';
import { documentOf } from '../../wire/json/read.ts';
import { credentialsOf, type FrontContext } from './context.ts';
import type { Place, Site } from './endpoints.ts';
import type { Exchange } from './exchange.ts';
import { checkContentType, checkMediaTypes, checkRepeated } from './headers.ts';
import { type Legacy, legacyTransports } from './legacy/legacy.ts';
import { type Turn as LegacyTurn, refuseRecorded } from './legacy/turn.ts';
import { serveModern } from './modern.ts';
import { checkOrigin, corsHeaders, type OriginRule, preflightHeaders } from './origins.ts';
import { refusalAnswer } from './refusal-answer.ts';

/** What the router decides with. */
export interface RouterParts {
  readonly context: FrontContext;
  readonly placeOf: (path: string) => Place | undefined;
  readonly origins: OriginRule;
}

/** The front behind its server. */
export interface Router {
  readonly serve: (exchange: Exchange) => void;
  readonly close: () => void;
}

const noBody = Buffer.alloc(0);
const noHeaders: readonly string[] = [];
const jsonHeaders = ['Content-Type', 'application/json'];
const healthy = Buffer.from('{"status":"ok"}');

/** Checks what can be checked before a body is read, and gives each request to the transport that its path names. */
export function router({ context, placeOf, origins }: RouterParts): Router {
  const legacy = legacyTransports(context);
  const admit = (exchange: Exchange): void => {
    const place = placeOf(exchange.path);
    const cors = corsHeaders(exchange);
    if (place === undefined)
      refuseNow(exchange, refuse('endpoint_unknown', exchange.path.slice(0, 200)), cors);
    else if (exchange.method === 'OPTIONS') preflight(exchange);
    else serveAt({ context, legacy, exchange, cors }, place);
  };
  const serve = (exchange: Exchange): void => {
    try {
      const barred = checkOrigin(origins, exchange) ?? checkRepeated(exchange);
      if (barred === undefined) admit(exchange);
      else refuseNow(exchange, barred, noHeaders);
    } catch (fault) {
      fail({ context, legacy, exchange, cors: noHeaders }, fault);
    }
  };
  return {
    serve,
    close: () => {
      legacy.close();
      context.streams.close();
    },
  };
}

interface Turn {
  readonly context: FrontContext;
  readonly legacy: Legacy;
  readonly exchange: Exchange;
  readonly cors: readonly string[];
}

function serveAt(turn: Turn, place: Place): void {
  dispatch(turn, place).catch((fault: unknown) => fail(turn, fault));
}

async function dispatch(turn: Turn, place: Place): Promise<void> {
  switch (place.kind) {
    case 'health':
      return readOnly(turn, () => healthy);
    case 'metadata':
      return readOnly(turn, () => documentOf(turn.context.options.metadata(place.site.resource)).bytes);
    case 'mcp':
      return turn.exchange.method === 'POST' ? post(turn, place.site) : session(turn, place.site);
    case 'sse':
      return turn.exchange.method === 'GET'
        ? turn.legacy.openSse(turn.exchange, place.site, turn.cors)
        : notAllowed(turn, 'GET');
    case 'messages':
      return turn.exchange.method === 'POST' ? sseMessage(turn, place.site) : notAllowed(turn, 'POST');
  }
}

function readOnly(turn: Turn, body: () => Uint8Array): void {
  const { exchange, cors } = turn;
  if (exchange.method === 'GET') exchange.respond(200, [...jsonHeaders, ...cors], body());
  else notAllowed(turn, 'GET');
}

/** One POST to an MCP endpoint. The version header tells the eras apart; what it says is checked against the body. */
async function post(turn: Turn, site: Site): Promise<void> {
  const { context, exchange, cors, legacy } = turn;
  const unreadable = checkMediaTypes(exchange);
  if (unreadable !== undefined) return refuseNow(exchange, unreadable, cors);
  const body = await bodyOf(turn, site);
  if (body === undefined) return;
  const version = exchange.header('mcp-protocol-version');
  const isLegacy =
    version === undefined ? true : context.legacy.has(version) || isSessionful(exchange, version, context);
  if (!isLegacy) return serveModern(context, exchange, site, body, cors);
  return legacy.post(exchange, site, body, cors);
}

/** More than this is read for identified callers alone: strangers must not fill the memory. */
const strangerBytes = 65_536;

/** The body; undefined if there is none and that was answered. */
async function bodyOf({ context, exchange, cors }: Turn, site: Site): Promise<Uint8Array | undefined> {
  const length = Number(exchange.header('content-length') ?? Number.POSITIVE_INFINITY);
  if (!(length <= strangerBytes) && !(await isKnown({ context, exchange, site, cors }))) return undefined;
  const body = await exchange.read(context.limits.bodyBytes);
  if (body === 'too-large') refuseTooLarge(exchange, cors);
  return typeof body === 'string' ? undefined : body;
}

/** Identifies the sender before its body is read; a refusal is recorded and answered. */
async function isKnown(visit: Omit<LegacyTurn, 'credentials'>): Promise<boolean> {
  const { context, exchange, site, cors } = visit;
  const credentials = credentialsOf(exchange, site);
  const subject = await context.options.identify(credentials);
  if (!(subject instanceof Refusal)) return true;
  const { status, headers, document } = await refuseRecorded({ ...visit, credentials }, subject, undefined);
  exchange.respond(status, [...jsonHeaders, ...cors, ...headers, 'Connection', 'close'], document.bytes);
  return false;
}

/** A version nobody knows, in a session, was meant for an older revision. */
function isSessionful(exchange: Exchange, version: string, context: FrontContext): boolean {
  return !context.modern.has(version) && exchange.header('mcp-session-id') !== undefined;
}

/** GET and DELETE exist for sessions alone (streamable-http, "Earlier Streamable HTTP Revisions"). */
function session(turn: Turn, site: Site): Promise<void> | void {
  const { exchange, legacy, cors } = turn;
  const isSession = exchange.header('mcp-session-id') !== undefined;
  if (isSession && exchange.method === 'GET') return legacy.openStream(exchange, site, cors);
  if (isSession && exchange.method === 'DELETE') return legacy.end(exchange, site, cors);
  return notAllowed(turn, 'POST');
}

async function sseMessage(turn: Turn, site: Site): Promise<void> {
  const { exchange, cors, legacy } = turn;
  const unreadable = checkContentType(exchange);
  if (unreadable !== undefined) return refuseNow(exchange, unreadable, cors);
  const body = await bodyOf(turn, site);
  if (body === undefined) return;
  return legacy.sseMessage(exchange, site, body, cors);
}

function notAllowed({ exchange, cors }: Turn, allow: string): void {
  refuseNow(exchange, refuse('http_method_not_allowed', exchange.method), [...cors, 'Allow', allow]);
}

/** Origins that may not call were refused before. Without an origin there is no preflight to answer. */
function preflight(exchange: Exchange): void {
  const isPreflight = exchange.header('origin') !== undefined;
  exchange.respond(isPreflight ? 204 : 403, isPreflight ? preflightHeaders(exchange) : [], noBody);
}

function refuseTooLarge(exchange: Exchange, cors: readonly string[]): void {
  refuseNow(exchange, refuse('body_too_large', 'body'), [...cors, 'Connection', 'close']);
}

/** These refusals come before anybody is identified, so there is no decision to quote. */
function refuseNow(exchange: Exchange, refusal: Refusal, headers: readonly string[]): void {
  const { status, headers: more, document } = refusalAnswer({ refusal, id: undefined });
  exchange.respond(status, [...jsonHeaders, ...headers, ...more], document.bytes);
}

function fail({ context, exchange, cors }: Turn, fault: unknown): void {
  context.options.onFault?.(fault);
  refuseNow(exchange, refuse('internal_fault', 'the front threw'), cors);
}
