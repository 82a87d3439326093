import { isJsonObject, type JsonDocument, type JsonObject } from '../../model/json.ts';
import { type Refusal, refuse } from '../../model/refusal.ts';

/** A JSON-RPC response whose envelope is right: it holds a result or an error, and not both. */
export type Response =
  | { readonly kind: 'result'; readonly result: JsonObject }
  | { readonly kind: 'error'; readonly error: JsonObject; readonly code: number };

/** Reads the envelope of an upstream's response (JSON-RPC 2.0 section 5). */
export function readResponse({ value }: JsonDocument): Response | Refusal {
  if (value['jsonrpc'] !== '2.0') return refuse('upstream_failed', 'the response is not JSON-RPC 2.0');
  const { result, error } = value;
  if (isJsonObject(result) && error === undefined) return { kind: 'result', result };
  if (isJsonObject(error) && result === undefined) return readError(error);
  return refuse('upstream_failed', 'the response holds neither a result object nor an error object');
}

function readError(error: JsonObject): Response | Refusal {
  const { code, message } = error;
  if (Number.isSafeInteger(code) && typeof message === 'string') {
    return { kind: 'error', error, code: code as number };
  }
  return refuse('upstream_failed', 'the error of the response has no integer `code` or no `message`');
}
