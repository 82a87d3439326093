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

/** Ways to confirm that are registered (IANA, JWT Confirmation Methods) and not known here. */
const foreign: ReadonlySet<string> = new Set(['jwk', 'jwe', 'kid', 'jku', 'osc']);

/**
 * Reads the `cnf` claim (RFC 7800 section 3.1). A member that nobody registered is ignored beside one that is known, as
 * that clause wants: Keycloak says there, too, how a key came to be bound.
 *
 * INVARIANT: whoever issued a token with `cnf` wanted something proven, so without a known member it is refused.
 */
export function confirmationOf(claims: JsonObject): Confirmation | TokenFailure {
  const cnf = claims['cnf'];
  if (cnf === undefined) return unbound;
  if (!isJsonObject(cnf)) return new TokenFailure('the `cnf` of the token is no object');
  const names = Object.keys(cnf);
  if (names.length === 0) return new TokenFailure('the `cnf` of the token is empty');
  const known = names.filter((name) => name === 'jkt' || name === 'x5t#S256');
  const odd = names.find((name) => foreign.has(name)) ?? (known.length === 0 ? names[0] : undefined);
  if (odd !== undefined) {
    return new TokenFailure(
      `the token is bound by \`cnf.${odd.slice(0, 40)}\`; only jkt and x5t#S256 are known`,
    );
  }
  if (!known.every((name) => isDigest(cnf[name]))) {
    return new TokenFailure('the `cnf` of the token is not a SHA-256 in base64url');
  }
  const { jkt, 'x5t#S256': certificate } = cnf as { readonly jkt?: string; readonly 'x5t#S256'?: string };
  return { ...(jkt !== undefined && { jkt }), ...(certificate !== undefined && { certificate }) };
}

function isDigest(value: unknown): boolean {
  return typeof value === 'string' && digest.test(value);
}

/** Whether a token is bound to any key. */
export function isBound({ jkt, certificate }: Confirmation): boolean {
  return jkt !== undefined || certificate !== undefined;
}
