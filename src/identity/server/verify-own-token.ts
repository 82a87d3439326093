import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import type { JsonObject } from '../../model/json.ts';
import type { TokenRevocations } from './options.ts';

/** What {@link verifyOwnToken} needs. */
export interface OwnTokens {
  readonly issuer: string;
  readonly published: () => readonly JsonObject[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly revocations: TokenRevocations | undefined;
}

/** The claims of an access token that this server signed and that is good now; undefined for anything else. */
export async function verifyOwnToken(tokens: OwnTokens, text: string): Promise<JsonObject | undefined> {
  const keys = createLocalJWKSet({ keys: tokens.published() as readonly JsonObject[] as unknown as JWK[] });
  const options = {
    issuer: tokens.issuer,
    typ: 'at+jwt',
    algorithms: ['ES256'],
    currentDate: new Date(tokens.now()),
  };
  const claims = await jwtVerify(text, keys, options).then(
    ({ payload }) => payload as JsonObject,
    () => undefined,
  );
  if (claims === undefined || tokens.revocations?.revoked(claims) === true) return undefined;
  return claims;
}
