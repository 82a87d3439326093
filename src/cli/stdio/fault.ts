import type { IncomingMessage } from 'node:http';
import type { JsonRpcId } from '../../model/call.ts';
import { type JsonObject, objectMember, stringMember } from '../../model/json.ts';

/** What the client is told when the gateway cannot be reached or gives no proper answer. */
export function faultAnswer(id: JsonRpcId | undefined, message: string): Buffer {
  // JSON-RPC 2.0 section 5.1: -32603 is an internal error, here of the way to the gateway.
  return Buffer.from(
    JSON.stringify({ jsonrpc: '2.0', ...(id !== undefined && { id }), error: { code: -32603, message } }),
  );
}

/** The answer to a line that is no message. */
export function unreadableAnswer(why: string): Buffer {
  const message = `the line is not one JSON-RPC message: ${why}`;
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', error: { code: -32700, message } }));
}

/** Why a message never reached the gateway, or its answer never came back. */
export function explainFault(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED')
    return 'no gateway answers at its address; start it with `bartizan up` and try again';
  if (code === 'ECONNRESET') return 'the gateway closed the connection before it answered';
  return `the gateway could not be reached: ${message}`;
}

/** Why a response holds no answer. */
export function explainStatus({ statusCode = 0 }: IncomingMessage): string {
  if (statusCode === 401)
    return 'the gateway does not accept the access token; get a new one and start this server again';
  if (statusCode === 404) return 'there is no MCP endpoint at this address, or the session has ended';
  if (statusCode < 300) return 'the gateway ended the response before the answer';
  return `the gateway answered with HTTP status ${statusCode} and no message`;
}

/** The refusal of the gateway, made an answer to the request: the message a person can act on, with the data as it came. */
export function refusedAnswer(id: JsonRpcId, refusal: JsonObject): Buffer {
  const error = objectMember(refusal, 'error');
  const message = isSessionEnd(error)
    ? 'the session with the gateway has ended; reconnect this server in your client'
    : stringMember(error, 'message');
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, error: { ...error, message } }));
}

function isSessionEnd(error: JsonObject | undefined): boolean {
  return stringMember(objectMember(error, 'data'), 'denial') === 'session_unknown';
}
