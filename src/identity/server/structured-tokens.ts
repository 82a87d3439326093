import type { Adapter, AdapterPayload } from 'oidc-provider';
import { objectMember, stringMember } from '../../model/json.ts';
import type { TokenRevocations } from './options.ts';
import type { Shown } from './presented.ts';

/**
 * Stands for the JWT in `token` that a request asks about or takes back: oidc-provider looks only for tokens that it
 * keeps. It means something only in that request, where the claims were verified.
 */
export const structuredToken = 'verified-jwt';

/** Lets access tokens that are JWTs be found and taken back, in the request that named them. */
export function structuredTokens(
  kept: Adapter,
  shown: () => Shown | undefined,
  revocations: TokenRevocations | undefined,
): Adapter {
  return {
    ...kept,
    find: async (id) => (id === structuredToken ? payloadOf(shown()) : await kept.find(id)),
    destroy: async (id) => {
      const claims = id === structuredToken ? shown()?.token : undefined;
      if (claims === undefined) await kept.destroy(id);
      else await revocations?.revoke(stringMember(claims, 'jti') ?? '', Number(claims['exp']) * 1000);
    },
  };
}

function payloadOf(shown: Shown | undefined): AdapterPayload | undefined {
  const claims = shown?.token;
  if (claims === undefined) return undefined;
  const cnf = objectMember(claims, 'cnf');
  return {
    kind: 'AccessToken',
    jti: structuredToken,
    accountId: stringMember(claims, 'sub'),
    clientId: stringMember(claims, 'client_id'),
    aud: stringMember(claims, 'aud'),
    scope: stringMember(claims, 'scope'),
    exp: Number(claims['exp']),
    iat: Number(claims['iat']),
    jkt: stringMember(cnf, 'jkt'),
    'x5t#S256': stringMember(cnf, 'x5t#S256'),
  } as AdapterPayload;
}
