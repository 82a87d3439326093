import type { IssuerSettings } from '../control/settings-file.ts';
import type { Issuer } from '../identity/issuer.ts';

/** An issuer of the configuration in the terms of the identity room. */
export function issuerOf({
  issuer,
  jwksUri,
  audiences,
  algorithms,
  allowPlainJwt,
  claims,
}: IssuerSettings): Issuer {
  const { roles, groups, tenant, agent, device } = claims;
  return {
    issuer,
    ...(jwksUri !== undefined && { jwksUri }),
    ...(audiences !== undefined && { audiences }),
    algorithms: algorithms as NonNullable<Issuer['algorithms']>,
    allowPlainJwt,
    claims: {
      ...(roles !== undefined && { roles }),
      ...(groups !== undefined && { groups }),
      ...(tenant !== undefined && { tenant }),
      ...(agent && { agent }),
      ...(device && { device }),
    },
  };
}
