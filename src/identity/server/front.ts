import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonObject } from '../../model/json.ts';
import { continueLogin } from './browser-session.ts';
import type { BuiltProvider } from './build-provider.ts';
import { addDefaultScope } from './default-scope.ts';
import { isForm, readForm, withForm } from './form-request.ts';
import { GrantError } from './grant.ts';
import { endpoints } from './metadata.ts';
import type { AuthorizationServerOptions, ResourceInfo } from './options.ts';
import type { ShownRequests } from './presented.ts';
import type { ShowClient } from './show-client.ts';
import { structuredToken } from './structured-tokens.ts';

/** What {@link serverFront} is made of. */
export interface FrontParts {
  readonly issuer: string;
  readonly shown: ShownRequests;
  readonly showClient: ShowClient;
  readonly provider: () => Promise<BuiltProvider>;
  readonly metadata: () => JsonObject;
  readonly jwks: () => readonly JsonObject[];
  readonly resources: () => readonly ResourceInfo[];
  /** The claims of a JWT of ours that is good now. */
  readonly verifyToken: (token: string) => Promise<JsonObject | undefined>;
  readonly report: AuthorizationServerOptions['report'];
}

/** Where {@link serverFront} stands, beside everything below the issuer. */
export const wellKnown: readonly string[] = [
  '/.well-known/oauth-authorization-server/as',
  '/.well-known/openid-configuration/as',
  '/as/.well-known/oauth-authorization-server',
  '/as/.well-known/openid-configuration',
];

const mount = '/as';
const metadataSeconds = 300;
const withTokens: readonly string[] = [endpoints.introspection, endpoints.revocation];

/** Answers the requests of the authorization server; rejects on a fault of ours. */
export function serverFront(
  parts: FrontParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const origin = new URL(parts.issuer);
  return async (request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    if (wellKnown.includes(path)) return sendPublic(request, response, parts.metadata());
    if (path === `${mount}${endpoints.jwks}`) return sendPublic(request, response, { keys: parts.jwks() });
    standFor(origin, request);
    return await route(parts, path, request, response);
  };
}

async function route(
  parts: FrontParts,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const provider = await parts.provider();
  if (isBelow(provider.interactions.paths, path)) return provider.interactions.serve(request, response);
  if (continueLogin(path.slice(mount.length), request, response)) return;
  request.url = (request.url ?? '').slice(mount.length) || '/';
  await answer(parts, provider, request, response);
}

function isBelow(places: readonly string[], path: string): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`));
}

/** What the public origin is was configured, and comes neither from a Host header nor from a proxy's word. */
function standFor({ host, protocol }: URL, { headers }: IncomingMessage): void {
  Object.assign(headers, {
    host,
    'x-forwarded-host': host,
    'x-forwarded-proto': protocol.slice(0, -1),
  });
  delete headers['x-forwarded-for'];
}

async function answer(
  parts: FrontParts,
  provider: BuiltProvider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isForm(request)) {
    request.url = withDefaultScope(parts, request.url ?? '/');
    return await provider.answer(request, response);
  }
  const form = await readForm(request);
  const refuse = (status: number, code: string, description: string, client?: string): void => {
    const peer = request.socket.remoteAddress ?? '';
    const endpoint = (request.url ?? '').split('?')[0]?.slice(1) ?? '';
    parts.report?.('request refused', { endpoint, ...(client && { client }), code, description, peer });
    sendError(response, status, code, description);
  };
  if (form === undefined) return refuse(413, 'invalid_request', 'the form is too large');
  const client = form.get('client_id') ?? undefined;
  try {
    const prepared = await prepare(parts, request, form);
    await provider.answer(prepared, response);
  } catch (error) {
    if (!(error instanceof GrantError)) throw error;
    refuse(error.code === 'invalid_client' ? 401 : 400, error.code, error.description, client);
  }
}

/** Notes who sends a form, and turns it into what oidc-provider can read. */
async function prepare(
  { shown, showClient, resources, verifyToken }: FrontParts,
  request: IncomingMessage,
  form: URLSearchParams,
): Promise<IncomingMessage> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const who = showClient(request, form);
  const [token, second] = withTokens.includes(path) ? form.getAll('token') : [];
  if (path === endpoints.pushed_authorization_request) addDefaultScope(form, resources());
  if (token === undefined || second !== undefined || !isJwt(token)) {
    const prepared = withForm(request, form);
    shown.note(prepared, who);
    return prepared;
  }
  form.set('token', structuredToken);
  const prepared = withForm(request, form);
  const claims = await verifyToken(token);
  shown.note(prepared, claims === undefined ? who : { ...who, token: claims });
  return prepared;
}

function isJwt(token: string): boolean {
  return token.split('.').length === 3;
}

function withDefaultScope({ resources }: FrontParts, url: string): string {
  const [path = '', query] = url.split('?', 2);
  if (path !== endpoints.authorization || query === undefined) return url;
  const parameters = new URLSearchParams(query);
  addDefaultScope(parameters, resources());
  return `${path}?${parameters.toString()}`;
}

/** For anybody, and from any page. */
function sendPublic(request: IncomingMessage, response: ServerResponse, value: JsonObject): void {
  response.setHeader('Access-Control-Allow-Origin', '*');
  if (request.method === 'OPTIONS') {
    const asked = request.headers['access-control-request-headers'];
    if (asked !== undefined) response.setHeader('Access-Control-Allow-Headers', asked);
    response.writeHead(204).end();
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD, OPTIONS');
    sendError(response, 405, 'invalid_request', 'send GET');
    return;
  }
  response.setHeader('Cache-Control', `public, max-age=${metadataSeconds}`);
  sendJson(response, 200, value);
}

/** RFC 6749 section 5.2. */
export function sendError(
  response: ServerResponse,
  status: number,
  error: string,
  description: string,
): void {
  response.setHeader('Cache-Control', 'no-store');
  sendJson(response, status, { error, error_description: description });
}

function sendJson(response: ServerResponse, status: number, value: JsonObject): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(body);
}
