import { type Refusal, refuse } from '../../model/refusal.ts';
import { decodeHeaderValue } from '../../wire/header-value.ts';
import { mirrorPrefix } from '../../wire/param-headers.ts';
import type { Exchange } from './exchange.ts';

/** Headers that decide something. Two of them would let two readers see two requests. */
const single: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'content-type',
  'dpop',
  'host',
  'origin',
  'traceparent',
  'transfer-encoding',
]);

/** Refuses headers that are given twice where one must decide. */
export function checkRepeated({ rawHeaders, headerNames }: Exchange): Refusal | undefined {
  if (rawHeaders.length === headerNames.length * 2) return undefined;
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const decides = name.startsWith('mcp-') || single.has(name);
    if (decides && seen.has(name)) return repeated(name);
    seen.add(name);
  }
  return undefined;
}

function repeated(name: string): Refusal {
  const reason = `the header \`${name}\` stands twice`;
  return name.startsWith('mcp-')
    ? refuse('header_mismatch', reason, { reason })
    : refuse('invalid_request', reason, { reason });
}

/** Refuses bodies that a web form could send, and clients that cannot read both kinds of answer. */
export function checkMediaTypes(exchange: Exchange): Refusal | undefined {
  const type = exchange.header('content-type') ?? '';
  if (!isJson(type))
    return refuse('unsupported_media_type', `Content-Type ${JSON.stringify(type.slice(0, 200))}`);
  return acceptsBoth(exchange.header('accept') ?? '')
    ? undefined
    : refuse('not_acceptable', 'Accept lacks a type');
}

/** The same for `/messages` of HTTP+SSE, whose answers come on another stream. */
export function checkContentType(exchange: Exchange): Refusal | undefined {
  const type = exchange.header('content-type') ?? '';
  return isJson(type)
    ? undefined
    : refuse('unsupported_media_type', `Content-Type ${JSON.stringify(type.slice(0, 200))}`);
}

function isJson(type: string): boolean {
  if (type === 'application/json') return true;
  const semicolon = type.indexOf(';');
  const essence = semicolon < 0 ? type : type.slice(0, semicolon);
  return essence.trim().toLowerCase() === 'application/json';
}

function acceptsBoth(accept: string): boolean {
  const types = accept.toLowerCase();
  if (types.includes('*/*')) return true;
  return types.includes('application/json') && types.includes('text/event-stream');
}

/** Whether the client reads event streams; for GET. */
export function acceptsStream(exchange: Exchange): boolean {
  const types = (exchange.header('accept') ?? '').toLowerCase();
  return types.includes('text/event-stream') || types.includes('*/*');
}

const noMirrors: ReadonlyMap<string, string> = new Map();

/** The `Mcp-Param-*` headers, lower-case name to decoded text. Values that cannot be decoded are refused. */
export function readMirrors(exchange: Exchange): ReadonlyMap<string, string> | Refusal {
  let mirrors: Map<string, string> | undefined;
  for (const name of exchange.headerNames) {
    if (!name.startsWith(mirrorPrefix)) continue;
    const text = decodeHeaderValue(exchange.header(name) ?? '');
    if (text === undefined) return undecodable(name);
    mirrors ??= new Map();
    mirrors.set(name, text);
  }
  return mirrors ?? noMirrors;
}

/** The refusal of a value that is no valid encoding. */
export function undecodable(name: string): Refusal {
  const reason = `the header \`${name}\` is not validly encoded`;
  return refuse('header_mismatch', reason, { reason });
}
