import { type Call, type ClientFacts, isJsonRpcId } from '../../model/call.ts';
import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import { metaKey } from '../../model/meta-key.ts';
import { isMethod, type Method, methods } from '../../model/method.ts';
import type { Endpoint } from '../../model/public-name.ts';
import { Refusal, refuse } from '../../model/refusal.ts';
import type { Codec } from '../../wire/codec.ts';
import { decodeHeaderValue } from '../../wire/header-value.ts';
import type { Exchange } from './exchange.ts';
import { readMirrors, undecodable } from './headers.ts';
import { type Message, paramsOf } from './message.ts';
import { traceOf } from './trace.ts';

type Request = Extract<Message, { kind: 'request' }>;

/** What the decoder needs to know of the gateway. */
export interface ModernFacts {
  readonly modern: ReadonlyMap<string, Codec>;
  /** All revisions, newest first, for `data.supported`. */
  readonly revisions: readonly string[];
}

/**
 * Reads a request of a modern revision: required `_meta`, a version we speak, headers that say what the body says
 * (streamable-http, "Server Validation"), a method we police. The body decides; headers only have to agree.
 */
export function modernCall(
  request: Request,
  exchange: Exchange,
  endpoint: Endpoint,
  facts: ModernFacts,
): Call | Refusal {
  const params = paramsOf(request.document);
  const meta = objectMember(params, '_meta');
  const client = clientOf(meta, exchange.header('mcp-protocol-version'), facts);
  if (client instanceof Refusal) return client;
  const method = methodOf(request, exchange, facts.modern.get(client.revision));
  if (method instanceof Refusal) return method;
  const target = targetOf(method, params, exchange);
  if (target instanceof Refusal) return target;
  const mirrors = readMirrors(exchange);
  if (mirrors instanceof Refusal) return mirrors;
  const trace = traceOf(meta, exchange.header('traceparent'));
  return {
    id: request.id,
    method,
    endpoint,
    target,
    params,
    document: request.document,
    client,
    trace,
    mirrors,
  };
}

function clientOf(
  meta: JsonObject | undefined,
  header: string | undefined,
  { modern, revisions }: ModernFacts,
): ClientFacts | Refusal {
  const version = stringMember(meta, metaKey.protocolVersion);
  if (version === undefined) {
    return header !== undefined && !modern.has(header)
      ? unsupported(header, revisions)
      : missing(metaKey.protocolVersion, 'a string');
  }
  if (header !== version) return mismatch('MCP-Protocol-Version', header, `_meta.${metaKey.protocolVersion}`);
  const codec = modern.get(version);
  if (codec === undefined) return unsupported(version, revisions);
  const capabilities = objectMember(meta, metaKey.clientCapabilities);
  if (meta === undefined || capabilities === undefined)
    return missing(metaKey.clientCapabilities, 'an object');
  return { revision: codec.revision, capabilities, ...optionalFacts(meta) };
}

function optionalFacts(meta: JsonObject): Pick<ClientFacts, 'info' | 'logLevel' | 'progressToken'> {
  const info = objectMember(meta, metaKey.clientInfo);
  const logLevel = stringMember(meta, metaKey.logLevel);
  const progressToken = meta['progressToken'];
  return {
    ...(info === undefined ? {} : { info }),
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(isJsonRpcId(progressToken) ? { progressToken } : {}),
  };
}

function methodOf(request: Request, exchange: Exchange, codec: Codec | undefined): Method | Refusal {
  const header = exchange.header('mcp-method');
  if (header !== request.method) return mismatch('Mcp-Method', header, 'method');
  const { method } = request;
  return codec?.front.methods.has(method) === true && isMethod(method) ? method : unknownMethod(method);
}

/** The name or URI that the request is about, which `Mcp-Name` must repeat. */
function targetOf(method: Method, params: JsonObject, exchange: Exchange): string | undefined | Refusal {
  const { target } = methods[method];
  if (target === undefined) return undefined;
  const named = params[target];
  if (typeof named !== 'string') return invalidParams(`\`params.${target}\` is not a string`);
  const header = exchange.header('mcp-name');
  if (header === undefined) return mismatch('Mcp-Name', header, `params.${target}`);
  const text = decodeHeaderValue(header);
  if (text === undefined) return undecodable('mcp-name');
  if (text !== named) return mismatch('Mcp-Name', header, `params.${target}`);
  return argumentsFault(params) ?? named;
}

/** Shared by all eras: arguments must be what the guards and the policy take them for. */
export function argumentsFault(params: JsonObject): Refusal | undefined {
  const args = params['arguments'];
  return args === undefined || isJsonObject(args)
    ? undefined
    : invalidParams('`params.arguments` is not an object');
}

/** The refusal of a method that is not policed. */
export function unknownMethod(method: string): Refusal {
  return refuse('method_unknown', `method ${JSON.stringify(method.slice(0, 200))}`, {
    reason: 'Method not found',
  });
}

/** The refusal of incomplete parameters. */
export function invalidParams(reason: string): Refusal {
  return refuse('invalid_params', reason, { reason });
}

/** The refusal of a version we do not speak (versioning, "Unsupported Versions"). */
export function unsupported(requested: string, supported: readonly string[]): Refusal {
  const asked = requested.slice(0, 64);
  return refuse('unsupported_version', `version ${JSON.stringify(asked)}`, {
    data: { supported, requested: asked },
  });
}

function missing(member: string, kind: string): Refusal {
  return invalidParams(`\`params._meta["${member}"]\` is missing or not ${kind}`);
}

function mismatch(header: string, value: string | undefined, member: string): Refusal {
  const reason =
    value === undefined
      ? `the header \`${header}\` is missing`
      : `the header \`${header}\` disagrees with \`${member}\``;
  return refuse('header_mismatch', reason, { reason });
}
