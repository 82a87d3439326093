import type { AccessToken, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { Clock } from '../../pipeline/ports.ts';

/** What says who somebody is, or binds a token, comes from the server and never from an account. */
const reserved: ReadonlySet<string> = new Set([
  'act',
  'aud',
  'authorization_details',
  'client_id',
  'cnf',
  'exp',
  'iat',
  'iat_ms',
  'iss',
  'jti',
  'may_act',
  'nbf',
  'scope',
  'sub',
  'task_ancestors',
  'txn',
]);

/**
 * The claims of access tokens beside those of RFC 9068 section 2.2: what is known of the user, how the user logged in
 * (section 2.2.1), and the time of issue in milliseconds, so that a revocation of the same second is told apart.
 */
export function tokenClaims({
  now,
}: Pick<Clock, 'now'>): Pick<Configuration, 'extraTokenClaims' | 'formats'> {
  return {
    extraTokenClaims: async (context, token) => {
      if (token.kind !== 'AccessToken') return undefined;
      return { ...(await accountClaims(context, token)), ...loginClaims(context) };
    },
    formats: {
      customizers: {
        jwt: (_context, _token, { payload }) => {
          Object.assign(payload, { iat_ms: now() });
        },
      },
    },
  };
}

async function accountClaims(
  { oidc }: KoaContextWithOIDC,
  token: AccessToken,
): Promise<Record<string, unknown>> {
  const claims = await oidc.account?.claims('userinfo', token.scope ?? '', {}, []);
  return Object.fromEntries(Object.entries(claims ?? {}).filter(([name]) => !reserved.has(name)));
}

function loginClaims({ oidc }: KoaContextWithOIDC): Record<string, unknown> {
  const source = oidc.entities.AuthorizationCode ?? oidc.entities.RefreshToken;
  const claims = { auth_time: source?.authTime, acr: source?.acr, amr: source?.amr };
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}
