/** What an attacker can send. */
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { JsonObject } from '../../src/model/json.ts';
import { type TestKey, testKey } from '../../src/testing/dpop.ts';
import { metaOf, mirrored } from '../intermediary/bench/modern-client.ts';
import type { Told } from './attack.ts';
import type { Stage } from './stage.ts';

export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What goes onto the wire. */
export interface Sent {
  readonly method?: string;
  readonly headers?: HeaderFields;
  readonly body?: string | Uint8Array;
  /** The client's own, with its key: PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined;
}

/** One request as it is, also with headers that come twice. */
export function send(url: string, order: Sent = {}): Promise<Told> {
  const { method = 'POST', headers = {}, body, certificate } = order;
  const present = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? httpsRequest : httpRequest;
    const outgoing = request(
      url,
      // What the gateway shows is not what these tests are about.
      {
        method,
        headers: Object.fromEntries(present),
        agent: false,
        rejectUnauthorized: false,
        ...certificate,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () =>
          resolve(toldOf(incoming.statusCode ?? 0, incoming.rawHeaders, Buffer.concat(chunks).toString())),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** An answer in the terms of the table. */
export function toldOf(status: number, raw: readonly string[], text: string): Told {
  const headers = new Headers();
  for (let n = 0; n + 1 < raw.length; n += 2) headers.append(raw[n] ?? '', raw[n + 1] ?? '');
  const lines = text.startsWith('{')
    ? [text]
    : [...text.matchAll(/^data: ?(\{.*)$/gm)].map(([, json = '']) => json);
  return { status, headers, text, body: JSON.parse(lines.at(-1) ?? '{}') as JsonObject };
}

/** A form for the authorization server. */
export function post(
  url: string,
  form: readonly (readonly [string, string])[] | Readonly<Record<string, string>>,
  headers: HeaderFields = {},
  certificate?: Sent['certificate'],
): Promise<Told> {
  const body = new URLSearchParams(form as Record<string, string>).toString();
  return send(url, {
    certificate,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body,
  });
}

/** What a call may be like. */
export interface Calling {
  readonly tool?: string;
  readonly args?: JsonObject;
  readonly path?: string;
  readonly headers?: HeaderFields;
  readonly certificate?: Sent['certificate'];
}

/** A call of a tool; by default `create_pr` at `/mcp/github`, where names have no prefix. */
export function call(stage: Stage, authorization: string | undefined, calling: Calling = {}): Promise<Told> {
  const { tool = 'create_pr', args = {}, path = '/mcp/github', headers, certificate } = calling;
  const params = { name: tool, arguments: args, _meta: metaOf() };
  return send(`${stage.url}${path}`, {
    certificate,
    headers: {
      ...mirrored('tools/call', tool),
      ...(authorization !== undefined && { authorization }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  });
}

export const now = (): number => Math.floor(Date.now() / 1000);

/** A token of a provider for the endpoint of `github`, noted as a secret. */
export function token(stage: Stage, claims: JsonObject = {}, header: JsonObject = {}): string {
  return stage.secret(stage.idp.token({ aud: `${stage.url}/mcp/github`, ...claims }, header));
}

/** The headers of a call with a bound token. */
export function bound(
  stage: Stage,
  of: string,
  key: TestKey,
  change: { claims?: JsonObject; header?: JsonObject; path?: string } = {},
): { authorization: string; headers: HeaderFields } {
  const { claims, header, path = '/mcp/github' } = change;
  const dpop = stage.secret(
    key.proof({ method: 'POST', url: `${stage.url}${path}`, token: of, at: now() }, claims, header),
  );
  return { authorization: `DPoP ${of}`, headers: { dpop } };
}

/** A call with a bound token and a proof of its key. */
export function provenCall(stage: Stage, of: string, key: TestKey, calling: Calling = {}): Promise<Told> {
  const { authorization, headers } = bound(stage, of, key, {
    ...(calling.path !== undefined && { path: calling.path }),
  });
  return call(stage, authorization, { ...calling, headers: { ...headers, ...calling.headers } });
}

/** How a token exchange differs from a good one of `coder` for `ada`. */
export interface Exchanging {
  readonly agent?: 'coder' | 'helper';
  readonly subject?: string;
  readonly details?: JsonObject | readonly JsonObject[];
  readonly form?: Readonly<Record<string, string | undefined>>;
  readonly key?: TestKey;
  /** Sent instead of a good proof; null: none at all. */
  readonly proof?: string | null;
}

export const exchangeType = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** Who an agent is (RFC 7523 section 2.2). */
export function assertion(
  stage: Stage,
  agent: 'coder' | 'helper',
  claims: JsonObject = {},
  header: JsonObject = {},
): Record<string, string> {
  const iat = now();
  const said = {
    iss: agent,
    sub: agent,
    aud: stage.issuer,
    iat,
    exp: iat + 60,
    jti: randomUUID(),
    ...claims,
  };
  return {
    client_id: agent,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: stage.secret(stage[agent].sign({ alg: 'ES256', typ: 'JWT', ...header }, said)),
  };
}

/** A proof for the token endpoint. */
export function formProof(stage: Stage, key: TestKey, claims: JsonObject = {}): string {
  const url = `${stage.issuer}/token`;
  return stage.secret(
    key.proof({ method: 'POST', url, token: '', at: now() }, { ath: undefined, ...claims } as JsonObject),
  );
}

/** Asks for a task. */
export function exchange(stage: Stage, order: Exchanging = {}): Promise<Told> {
  const { agent = 'coder', key = testKey(), proof } = order;
  const details =
    order.details === undefined ? undefined : Array.isArray(order.details) ? order.details : [order.details];
  const form = {
    grant_type: exchangeType,
    ...assertion(stage, agent),
    subject_token: order.subject ?? token(stage, { scope: 'x' }),
    subject_token_type: accessTokenType,
    resource: `${stage.url}/mcp/github`,
    ...(details !== undefined && { authorization_details: JSON.stringify(details) }),
    ...order.form,
  };
  const entries = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return post(
    `${stage.issuer}/token`,
    entries,
    proof === null ? {} : { dpop: proof ?? formProof(stage, key) },
  );
}

/** A task with its key. */
export interface Opened {
  readonly token: string;
  readonly key: TestKey;
  readonly id: string;
  readonly answer: JsonObject;
}

/** One entry of `authorization_details`. */
export function entry(more: JsonObject = {}): JsonObject {
  return { type: 'mcp_task', actions: ['github:create_pr'], ...more };
}

/** Opens a task that is in order; throws when it is refused. */
export async function openTask(stage: Stage, order: Exchanging = {}): Promise<Opened> {
  const key = order.key ?? testKey();
  const { status, body, text } = await exchange(stage, { details: entry(), ...order, key });
  if (status !== 200) throw new Error(`no task: ${status} ${text}`);
  return { token: stage.secret(String(body['access_token'])), key, id: String(body['txn']), answer: body };
}
