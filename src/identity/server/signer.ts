import type { JsonObject } from '../../model/json.ts';

/** Signs tokens with the keys of the authorization server. */
export interface Signer {
  /** The `iss` of everything that is signed. */
  readonly issuer: string;
  /** A compact JWS (RFC 7515) by the present key; `typ` such as `at+jwt`. The claims are signed as they are. */
  readonly sign: (typ: string, claims: JsonObject) => Promise<string>;
  /** The public keys, those of the recent past included (RFC 7517 section 5). */
  readonly jwks: () => readonly JsonObject[];
}
