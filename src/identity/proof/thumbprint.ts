import { hash } from 'node:crypto';
import { type JsonObject, stringMember } from '../../model/json.ts';

/** The members that make up a key, in the order of RFC 7638 section 3.2 and RFC 8037 section 2. */
const required: ReadonlyMap<string, readonly string[]> = new Map([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
  ['RSA', ['e', 'kty', 'n']],
]);

/** The SHA-256 thumbprint of a public key (RFC 7638), base64url; undefined for what is none. */
export function thumbprintOf(jwk: JsonObject): string | undefined {
  const members = required.get(stringMember(jwk, 'kty') ?? '');
  if (members === undefined) return undefined;
  const values = members.map((member) => [member, stringMember(jwk, member)] as const);
  if (values.some(([, value]) => value === undefined)) return undefined;
  return hash('sha256', JSON.stringify(Object.fromEntries(values)), 'base64url');
}
