import { arrayMember, objectMember, stringMember } from '../../../model/json.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import type { Scope } from '../../../pipeline/ports.ts';
import type { Finding } from '../era.ts';
import { initializeRequest } from '../legacy/initialize.ts';
import { requestOf } from '../message.ts';
import { isModernVersion, modernCodec, modernMeta } from '../modern.ts';
import type { HttpSettings, ServerContext } from '../settings.ts';
import { failureOf, isModernError, offeredVersions } from './faults.ts';
import { methodHeaders } from './headers.ts';
import { openPool } from './pool.ts';
import { probeId, probeSender, type Send } from './probe-sender.ts';

/**
 * Finds out how a server behind a URL speaks: a request of 2026-07-28, then `initialize`, then the event stream of
 * 2024-11-05 (versioning, "Era Detection").
 *
 * INVARIANT: 401 and 403 are never evidence; they say that the credential is wrong.
 */
export async function probeHttp(
  context: ServerContext<HttpSettings>,
  scope: Scope,
  signal: AbortSignal,
): Promise<Finding | Refusal> {
  const { era, transport } = context.settings;
  if (transport === 'sse') return { era: 'legacy', transport: 'sse' };
  if (era === 'modern') return { era, transport: 'http' };
  if (era === 'legacy' && transport === 'http') return { era, transport };
  const url = new URL(context.settings.url);
  const pool = openPool(context);
  const send = probeSender({ ...context, target: { pool, origin: url.origin }, url, scope, signal });
  try {
    return await detect(send, context);
  } finally {
    await pool.destroy();
  }
}

async function detect(
  send: Send,
  { settings, info }: ServerContext<HttpSettings>,
): Promise<Finding | Refusal> {
  if (settings.era === 'auto') {
    const modern = await isModern(send, info);
    if (modern instanceof Refusal) return modern;
    if (modern) return { era: 'modern', transport: 'http' };
  }
  const legacy = await speaksInitialize(send, info);
  if (legacy instanceof Refusal) return legacy;
  if (legacy) return { era: 'legacy', transport: 'http' };
  if (settings.transport === 'http')
    return refuse('upstream_failed', 'the server speaks no MCP over Streamable HTTP');
  return offersEndpoint(send);
}

async function isModern(send: Send, info: ServerContext['info']): Promise<boolean | Refusal> {
  const answer = await send({
    method: 'POST',
    headers: [
      ...['content-type', 'application/json', 'mcp-protocol-version', modernCodec.revision],
      ...methodHeaders('server/discover', undefined),
    ],
    document: requestOf(probeId, 'server/discover', { _meta: modernMeta({}, info) }),
  });
  if (answer instanceof Refusal) return answer;
  if (answer.status === 401 || answer.status === 403) return failureOf(answer) ?? false;
  const result = objectMember(answer.document?.value, 'result');
  const supported = offeredVersions(answer) ?? arrayMember(result, 'supportedVersions');
  if (supported !== undefined) return supported.some(isModernVersion);
  return isModernError(answer);
}

/** Undoes the session that the probe began, so that the server need not keep it. */
async function speaksInitialize(send: Send, info: ServerContext['info']): Promise<boolean | Refusal> {
  const headers = ['content-type', 'application/json'];
  const answer = await send({ method: 'POST', headers, document: initializeRequest(probeId, {}, info) });
  if (answer instanceof Refusal) return answer;
  const result = objectMember(answer.document?.value, 'result');
  const version = stringMember(result, 'protocolVersion');
  if (version === undefined) {
    const mayBeSse = [400, 404, 405].includes(answer.status);
    return mayBeSse
      ? false
      : (failureOf(answer) ?? refuse('upstream_failed', `status ${answer.status} to initialize`));
  }
  const session = answer.headers['mcp-session-id'];
  if (typeof session === 'string') {
    await send({ method: 'DELETE', headers: ['mcp-session-id', session, 'mcp-protocol-version', version] });
  }
  return true;
}

async function offersEndpoint(send: Send): Promise<Finding | Refusal> {
  const answer = await send({ method: 'GET', headers: [] });
  if (answer instanceof Refusal) return answer;
  if (answer.streamed) return { era: 'legacy', transport: 'sse' };
  return (
    failureOf(answer) ??
    refuse('upstream_failed', `no transport of MCP answers there (status ${answer.status})`)
  );
}
