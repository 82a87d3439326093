import { type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import type { ServerDescription } from '../../pipeline/ports.ts';
import { type Failure, isFailure } from './link.ts';

/** What a `server/discover` or `initialize` result says of its server. */
export function describeResult(result: JsonObject | Failure): ServerDescription | Failure {
  if (isFailure(result)) return result;
  const instructions = stringMember(result, 'instructions');
  const capabilities = objectMember(result, 'capabilities') ?? {};
  return { capabilities, ...(instructions !== undefined && { instructions }) };
}
