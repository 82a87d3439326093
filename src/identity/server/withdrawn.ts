import type { KoaContextWithOIDC } from 'oidc-provider';
import type { JsonObject } from '../../model/json.ts';
import type { Account } from './interactions.ts';
import type { TokenRevocations } from './options.ts';

/** What was issued to an account: a code, a refresh token, an access token. */
export interface Issued {
  readonly clientId?: string | undefined;
  /** Seconds since the epoch. A second that a revocation falls into counts as before it. */
  readonly iat?: number | undefined;
}

/**
 * Whether the user or the client was revoked after something was issued. INVARIANT: a refresh token of before yields no
 * access token of after, or a revocation would last as long as an access token lives.
 */
export function isWithdrawn(
  revocations: TokenRevocations | undefined,
  { accountId, claims }: Account,
  issued: unknown,
): boolean {
  const { clientId, iat } = (issued ?? {}) as Issued;
  if (iat === undefined) return false;
  const { sub_id: user } = claims;
  const known: JsonObject = {
    sub: accountId,
    ...(user !== undefined && { sub_id: user }),
    ...(clientId !== undefined && { client_id: clientId }),
    iat,
  };
  return revocations?.revoked(known) === true;
}

/** Whether the user was revoked after the login of the browser: then that login counts no more. */
export async function isLoginWithdrawn(
  revocations: TokenRevocations | undefined,
  { oidc: { account, session } }: KoaContextWithOIDC,
): Promise<boolean> {
  if (account === undefined || session?.loginTs === undefined) return false;
  const claims = (await account.claims('id_token', 'openid', {}, [])) as JsonObject;
  return isWithdrawn(revocations, { accountId: account.accountId, claims }, { iat: session.loginTs });
}
