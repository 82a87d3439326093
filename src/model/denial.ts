/**
 * The denial table: every way the gateway refuses, once. The wire codecs, the audit record and the reference page
 * `docs/denials.md` derive from it.
 */
export interface DenialFacts {
  /** HTTP status of the answer (streamable-http, "Sending Messages"). */
  readonly status: number;
  /**
   * JSON-RPC error code. Codes of the project's own lie above zero, outside the range that JSON-RPC and MCP reserve
   * (basic, "Error Codes"). Undefined: the refusal has no JSON-RPC shape.
   */
  readonly rpcCode: number;
  /** `tool-result`: a `tools/call` gets a result with `isError`, so that a model can read the refusal and go on. */
  readonly shape: 'error' | 'tool-result';
  /** What happened, for a person and a model. */
  readonly reason: string;
  /** What to do next. */
  readonly remedy: string;
}

/** The stable code of a refusal. */
export type DenialCode =
  | 'malformed_message'
  | 'invalid_request'
  | 'invalid_params'
  | 'batch_not_allowed'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'not_acceptable'
  | 'origin_not_allowed'
  | 'host_not_allowed'
  | 'endpoint_unknown'
  | 'http_method_not_allowed'
  | 'header_mismatch'
  | 'unsupported_version'
  | 'missing_client_capability'
  | 'method_unknown'
  | 'token_missing'
  | 'token_invalid'
  | 'scope_insufficient'
  | 'session_unknown'
  | 'session_required'
  | 'primitive_unknown'
  | 'resource_unknown'
  | 'cursor_invalid'
  | 'state_invalid'
  | 'policy_denied'
  | 'guard_blocked'
  | 'result_blocked'
  | 'interaction_unavailable'
  | 'too_many_streams'
  | 'overloaded'
  | 'upstream_failed'
  | 'upstream_timeout'
  | 'cancelled'
  | 'task_ended'
  | 'budget_exhausted'
  | 'outside_task'
  | 'tool_changed'
  | 'connection_required'
  | 'record_failed'
  | 'internal_fault';

/** The table. */
export const denials: Readonly<Record<DenialCode, DenialFacts>> = {
  malformed_message: {
    status: 400,
    rpcCode: -32700,
    shape: 'error',
    reason: 'the body is not one strict JSON message',
    remedy: 'send valid UTF-8 JSON without duplicate or disguised member names',
  },
  invalid_request: {
    status: 400,
    rpcCode: -32600,
    shape: 'error',
    reason: 'the message is not a valid JSON-RPC 2.0 request',
    remedy: 'send `jsonrpc`, `method` and an `id` that is a string or a safe integer',
  },
  invalid_params: {
    status: 400,
    rpcCode: -32602,
    shape: 'error',
    reason: 'the parameters of the request are incomplete or of the wrong type',
    remedy: 'check the parameters and the required `_meta` members of this method',
  },
  batch_not_allowed: {
    status: 400,
    rpcCode: -32600,
    shape: 'error',
    reason: 'this protocol revision has no batches',
    remedy: 'send one message in each request',
  },
  body_too_large: {
    status: 413,
    rpcCode: -32600,
    shape: 'error',
    reason: 'the body is larger than the limit of this gateway',
    remedy: 'send less, or ask the operator to raise `limits.bodyBytes`',
  },
  unsupported_media_type: {
    status: 415,
    rpcCode: -32600,
    shape: 'error',
    reason: 'the content type is not application/json',
    remedy: 'send `Content-Type: application/json`',
  },
  not_acceptable: {
    status: 406,
    rpcCode: -32600,
    shape: 'error',
    reason: 'the client does not accept both answer types of this transport',
    remedy: 'send `Accept: application/json, text/event-stream`',
  },
  origin_not_allowed: {
    status: 403,
    rpcCode: -32600,
    shape: 'error',
    reason: 'the request comes from a web origin that is not allowed here',
    remedy: 'ask the operator to add the origin to `listen.allowedOrigins`',
  },
  host_not_allowed: {
    status: 403,
    rpcCode: -32600,
    shape: 'error',
    reason: 'the Host header names another host than this gateway',
    remedy: 'call the gateway by its own address, or add the name to `listen.allowedHosts`',
  },
  endpoint_unknown: {
    status: 404,
    rpcCode: -32600,
    shape: 'error',
    reason: 'there is no MCP endpoint at this path',
    remedy: 'use `/mcp` for every server, or `/mcp/<server>` for one',
  },
  http_method_not_allowed: {
    status: 405,
    rpcCode: -32600,
    shape: 'error',
    reason: 'this endpoint does not take that HTTP method',
    remedy: 'send MCP messages by POST',
  },
  header_mismatch: {
    status: 400,
    rpcCode: -32020,
    shape: 'error',
    reason: 'an MCP header is missing or disagrees with the body',
    remedy:
      'mirror the body in the `MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name` and `Mcp-Param-*` headers',
  },
  unsupported_version: {
    status: 400,
    rpcCode: -32022,
    shape: 'error',
    reason: 'this protocol version is not supported',
    remedy: 'use one of the versions in `data.supported`',
  },
  missing_client_capability: {
    status: 400,
    rpcCode: -32021,
    shape: 'error',
    reason: 'the request needs a capability that the client did not declare',
    remedy: 'declare the capabilities in `data.requiredCapabilities`',
  },
  method_unknown: {
    status: 404,
    rpcCode: -32601,
    shape: 'error',
    reason: 'method not found',
    remedy: 'use a method of the MCP specification; unknown methods and extensions are denied by default',
  },
  token_missing: {
    status: 401,
    rpcCode: -32600,
    shape: 'error',
    reason: 'no access token was presented',
    remedy: 'send `Authorization: Bearer <token>`; the `WWW-Authenticate` header says where to get one',
  },
  token_invalid: {
    status: 401,
    rpcCode: -32600,
    shape: 'error',
    reason: 'the access token is not valid for this resource',
    remedy: 'get a new token for the resource named in the protected resource metadata',
  },
  scope_insufficient: {
    status: 403,
    rpcCode: -32600,
    shape: 'error',
    reason: 'the access token lacks a scope that this operation needs',
    remedy: 'ask the authorization server for the scopes in the `WWW-Authenticate` header',
  },
  session_unknown: {
    status: 404,
    rpcCode: -32600,
    shape: 'error',
    reason: 'there is no such session for this caller',
    remedy: 'start a new session with `initialize`',
  },
  session_required: {
    status: 400,
    rpcCode: -32600,
    shape: 'error',
    reason: 'this protocol revision needs a session',
    remedy: 'send `initialize` first and repeat its `Mcp-Session-Id` header',
  },
  primitive_unknown: {
    status: 200,
    rpcCode: -32602,
    shape: 'error',
    reason: 'there is no tool or prompt of that name',
    remedy: 'list what is there and use a listed name',
  },
  resource_unknown: {
    status: 200,
    rpcCode: -32602,
    shape: 'error',
    reason: 'resource not found',
    remedy: 'list what is there and use a listed URI',
  },
  cursor_invalid: {
    status: 200,
    rpcCode: -32602,
    shape: 'error',
    reason: 'the cursor was not issued to this caller, or has expired',
    remedy: 'start the list again without a cursor',
  },
  state_invalid: {
    status: 200,
    rpcCode: -32602,
    shape: 'error',
    reason: 'the request state was not issued for this caller and request, or has expired',
    remedy: 'start the request again without `requestState`',
  },
  policy_denied: {
    status: 200,
    rpcCode: 1001,
    shape: 'tool-result',
    reason: 'the policy does not allow this call',
    remedy: 'ask the operator, quoting the decision id; `bartizan audit tail` shows what decided',
  },
  guard_blocked: {
    status: 200,
    rpcCode: 1002,
    shape: 'tool-result',
    reason: 'the call carries something that must not leave',
    remedy: 'remove secrets and hidden characters from the arguments and call again',
  },
  result_blocked: {
    status: 200,
    rpcCode: 1003,
    shape: 'tool-result',
    reason: 'the result was withheld by a guard',
    remedy: 'ask the operator, quoting the decision id',
  },
  interaction_unavailable: {
    status: 200,
    rpcCode: 1004,
    shape: 'tool-result',
    reason: 'the server needs an answer from the user, and this client cannot give one here',
    remedy: 'use a client that supports the interaction, or call without the need for it',
  },
  too_many_streams: {
    status: 429,
    rpcCode: 1005,
    shape: 'error',
    reason: 'this caller has too many streams or calls open',
    remedy: 'close some, or ask the operator to raise the limits',
  },
  overloaded: {
    status: 503,
    rpcCode: 1006,
    shape: 'error',
    reason: 'the gateway is at its limit',
    remedy: 'try again later',
  },
  upstream_failed: {
    status: 200,
    rpcCode: 1007,
    shape: 'tool-result',
    reason: 'the server behind the gateway did not answer properly',
    remedy: 'try again; the operator finds the cause in the record of this decision',
  },
  upstream_timeout: {
    status: 200,
    rpcCode: 1008,
    shape: 'tool-result',
    reason: 'the server behind the gateway did not answer in time',
    remedy: 'try again, ask for less, or ask the operator to raise `limits.callSeconds`',
  },
  cancelled: {
    status: 200,
    rpcCode: 1009,
    shape: 'tool-result',
    reason: 'the call was cancelled',
    remedy: 'call again if it is still needed',
  },
  record_failed: {
    status: 503,
    rpcCode: 1010,
    shape: 'error',
    reason: 'the decision could not be recorded, so its result is not released',
    remedy:
      'the operator must make the audit log writable again; before repeating a call that changes something, look whether it ran',
  },
  task_ended: {
    status: 200,
    rpcCode: 1011,
    shape: 'tool-result',
    reason: 'the task has ended',
    remedy: 'open a new task if the work is not done',
  },
  budget_exhausted: {
    status: 200,
    rpcCode: 1012,
    shape: 'tool-result',
    reason: 'the budget of the task is used up',
    remedy: 'end this task and open another one, or ask for a larger budget',
  },
  outside_task: {
    status: 200,
    rpcCode: 1013,
    shape: 'tool-result',
    reason: 'the task does not cover this call',
    remedy: 'stay within the arguments that the task was granted for, or open a task that covers the call',
  },
  tool_changed: {
    status: 200,
    rpcCode: 1014,
    shape: 'tool-result',
    reason: 'the definition of the tool has changed since the task was granted',
    remedy: 'look at the tool again and open a new task for it',
  },
  connection_required: {
    status: 200,
    rpcCode: 1015,
    shape: 'tool-result',
    reason: 'your account at the server behind the gateway is not connected',
    remedy: 'open the address that `data.url` names in a browser, connect the account and call again',
  },
  internal_fault: {
    status: 500,
    rpcCode: -32603,
    shape: 'error',
    reason: 'the gateway failed and refused the call',
    remedy: 'report the decision id to the operator',
  },
};
