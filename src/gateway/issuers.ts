import type { IssuerSettings } from '../control/settings-file.ts';
import type { LoginProviderSettings } from '../control/settings-identity.ts';
import type { Issuer } from '../identity/issuer.ts';
import { withProvider } from '../identity/providers/with-provider.ts';
import type { AuthorizationServer } from '../identity/server/options.ts';

/** An issuer of the configuration in the terms of the identity room, with the ways of its product. */
export function issuerOf(settings: IssuerSettings): Issuer {
  const { issuer, jwksUri, audiences, algorithms, allowPlainJwt, introspection, claims, provider } = settings;
  return withProvider(provider, {
    issuer,
    ...(jwksUri !== undefined && { jwksUri }),
    ...(audiences !== undefined && { audiences }),
    ...(algorithms && { algorithms: algorithms as NonNullable<Issuer['algorithms']> }),
    // Said or not, `false` is the default: a product that cannot follow RFC 9068 sets it.
    ...(allowPlainJwt && { allowPlainJwt }),
    ...(introspection && { introspection }),
    claims,
  });
}

/** Our own authorization server: its keys are at hand, and its tokens may name a task. */
export function ownIssuer({ issuer, jwks }: Pick<AuthorizationServer, 'issuer' | 'jwks'>): Issuer {
  return {
    issuer,
    jwks,
    algorithms: ['ES256'],
    tasks: true,
    claims: {
      tenant: 'tenant',
      device: { managed: '/device/managed', id: '/device/id', observedAt: '/device/observed_at' },
    },
  };
}

/**
 * The login provider as the issuer of ID tokens, whose audience is the gateway as its client. What a product says in access
 * tokens alone is left out: its ID tokens name the user by `sub`, and by `oid` at Entra, as at login.
 */
export function idTokenIssuer({ issuer, kind, claims, clientId }: LoginProviderSettings): Issuer {
  const { requiredClaims: _, claims: places = {}, ...facts } = withProvider(kind, { issuer, claims });
  const { subject: __, ...rest } = places;
  return {
    ...facts,
    audiences: [clientId],
    allowPlainJwt: true,
    claims: {
      ...rest,
      ...(kind === 'entra' && places.subject && { subject: places.subject }),
      agent: ['azp', 'aud'],
    },
  };
}
