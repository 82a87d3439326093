import { type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import { Refusal } from '../../model/refusal.ts';
import type { ServerDescription } from '../../pipeline/ports.ts';
import { WrongEra } from './link.ts';

/** What a `server/discover` or `initialize` result says of its server. */
export function describeResult<Failure extends Refusal | WrongEra>(
  result: JsonObject | Failure,
): ServerDescription | Failure {
  if (result instanceof Refusal || result instanceof WrongEra) return result as Failure;
  const instructions = stringMember(result as JsonObject, 'instructions');
  const capabilities = objectMember(result as JsonObject, 'capabilities') ?? {};
  return { capabilities, ...(instructions !== undefined && { instructions }) };
}
