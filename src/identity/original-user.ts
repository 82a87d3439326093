import { isJsonObject, type JsonObject, stringMember } from '../model/json.ts';
import type { User } from '../model/subject.ts';

/**
 * The user that our own token speaks of when its `sub_id` says so (RFC 9493 section 3.2.6); undefined where `iss` and `sub`
 * say it. INVARIANT: only our own authorization server is believed in this; another issuer speaks for its users alone.
 */
export function originalUser(claims: JsonObject): Pick<User, 'issuer' | 'subject'> | undefined {
  const id = claims['sub_id'];
  if (!isJsonObject(id) || id['format'] !== 'iss_sub') return undefined;
  const [issuer, subject] = [stringMember(id, 'iss'), stringMember(id, 'sub')];
  return issuer === undefined || subject === undefined ? undefined : { issuer, subject };
}
