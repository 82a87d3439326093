import type { IncomingMessage, ServerResponse } from 'node:http';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Markup } from './markup.ts';
import { RequestFault } from './request-fault.ts';

const mostBytes = 64 * 1024;

/**
 * What every page says: nothing from elsewhere, no script but ours, nobody frames it, nobody keeps it. The referrer
 * stays for ourselves: with `no-referrer` browsers send `Origin: null`, and the origin of forms could not be checked.
 */
const headers: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'publickey-credentials-get=(self), publickey-credentials-create=(self)',
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** Answers with a page. */
export function sendPage(response: ServerResponse, status: number, page: Markup): void {
  send(response, status, { 'Content-Type': 'text/html; charset=utf-8' }, page.text);
}

/** Answers a script of ours. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, { 'Content-Type': 'application/json' }, JSON.stringify(value));
}

/** Answers with the way to another page of ours. */
export function sendRedirect(response: ServerResponse, location: string): void {
  send(response, 303, { Location: location }, '');
}

/** Answers with a page that leads on. A redirect would stand under `form-action` when a form led here. */
export function sendOnward(response: ServerResponse, location: string, page: Markup): void {
  response.setHeader('Refresh', `0; url=${new URL(location).href}`);
  sendPage(response, 200, page);
}

/** Answers with a fixed file, which may be kept. */
export function sendAsset(response: ServerResponse, type: string, text: string): void {
  send(response, 200, { 'Content-Type': type, 'Cache-Control': 'public, max-age=3600' }, text);
}

function send(
  response: ServerResponse,
  status: number,
  more: Readonly<Record<string, string>>,
  body: string,
): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries({ ...headers, ...more })) response.setHeader(name, value);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}

/** The members of a form, or of a JSON object. Members that come twice are refused. */
export async function readMembers(request: IncomingMessage): Promise<JsonObject> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  const text = await readText(request);
  if (type === 'application/x-www-form-urlencoded') return formMembers(text);
  if (type === 'application/json') return jsonMembers(text);
  throw new RequestFault(415, 'send a form');
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > mostBytes) throw new RequestFault(413, 'the form is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function formMembers(text: string): JsonObject {
  const pairs = [...new URLSearchParams(text)];
  if (new Set(pairs.map(([name]) => name)).size !== pairs.length) {
    throw new RequestFault(400, 'the form has a member twice');
  }
  return Object.fromEntries(pairs);
}

function jsonMembers(text: string): JsonObject {
  const value = parsed(text);
  if (!isJsonObject(value)) throw new RequestFault(400, 'the body is no JSON object');
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The cookies of a request. Of two with one name neither counts: one of them may be a stranger's. */
export function readCookie(request: IncomingMessage, name: string): string | undefined {
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`));
  return found.length === 1 ? found[0]?.slice(name.length + 1) : undefined;
}

/** Sets a cookie beside those that are set already. */
export function addCookie(response: ServerResponse, cookie: string): void {
  const before = response.getHeader('set-cookie') ?? [];
  response.setHeader('Set-Cookie', [...(Array.isArray(before) ? before : [String(before)]), cookie]);
}
