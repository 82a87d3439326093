import type { Call } from '../../model/call.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Edit } from '../json/edit.ts';

const invalidRequest = -32600;
const invalidParams = -32602;
const resourceNotFound = -32002;
/** Codes that came with 2026-07-28: header mismatch, missing capability, unsupported version. */
const newCodes: readonly number[] = [-32020, -32021, -32022];

/** The changes that turn an error into one that older revisions know (2025-11-25 server/resources, "Error Handling"). */
export function legacyError(error: JsonObject, call: Call): readonly Edit[] {
  const code = codeFor(error['code'], call);
  return code === error['code'] ? [] : [{ path: ['error', 'code'], value: code }];
}

/** The code that an older revision has in place of a newer one. */
export function legacyCode(code: number): number {
  return newCodes.includes(code) ? invalidRequest : code;
}

function codeFor(code: unknown, call: Call): number {
  if (typeof code !== 'number') return invalidRequest;
  return code === invalidParams && call.method === 'resources/read' ? resourceNotFound : legacyCode(code);
}
