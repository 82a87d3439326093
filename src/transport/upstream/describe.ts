import { type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import { Refusal } from '../../model/refusal.ts';
import type { ServerDescription } from '../../pipeline/ports.ts';
import { type Failure, NotServed } from './link.ts';

/** What a `server/discover` or `initialize` result says of its server. */
export function describeResult(result: JsonObject | Failure): ServerDescription | Failure {
  if (result instanceof Refusal || result instanceof NotServed) return result;
  const instructions = stringMember(result, 'instructions');
  const capabilities = objectMember(result, 'capabilities') ?? {};
  return { capabilities, ...(instructions !== undefined && { instructions }) };
}
