import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { TokenFailure } from '../failure.ts';

/** The keys that the sender of a token must prove. Without any of them it is a bearer token. */
export interface Confirmation {
  /** The thumbprint of a DPoP key (RFC 9449 section 6.1). */
  readonly jkt?: string;
  /** The thumbprint of a certificate (RFC 8705 section 3.1). */
  readonly certificate?: string;
}

const unbound: Confirmation = Object.freeze({});
const digest = /^[A-Za-z0-9_-]{43}$/;

/**
 * Reads the `cnf` claim (RFC 7800 section 3.1).
 *
 * INVARIANT: a member that is not understood refuses the token: whoever issued it wanted something proven.
 */
export function confirmationOf(claims: JsonObject): Confirmation | TokenFailure {
  const cnf = claims['cnf'];
  if (cnf === undefined) return unbound;
  if (!isJsonObject(cnf)) return new TokenFailure('the `cnf` of the token is no object');
  const members = Object.entries(cnf);
  if (members.length === 0) return new TokenFailure('the `cnf` of the token is empty');
  const odd = members.find(([name]) => name !== 'jkt' && name !== 'x5t#S256');
  if (odd !== undefined) {
    return new TokenFailure(
      `the token is bound by \`cnf.${odd[0].slice(0, 40)}\`; only jkt and x5t#S256 are known`,
    );
  }
  if (!members.every(([, value]) => typeof value === 'string' && digest.test(value))) {
    return new TokenFailure('the `cnf` of the token is not a SHA-256 in base64url');
  }
  const { jkt, 'x5t#S256': certificate } = cnf as { readonly jkt?: string; readonly 'x5t#S256'?: string };
  return { ...(jkt !== undefined && { jkt }), ...(certificate !== undefined && { certificate }) };
}

/** Whether a token is bound to any key. */
export function isBound({ jkt, certificate }: Confirmation): boolean {
  return jkt !== undefined || certificate !== undefined;
}
