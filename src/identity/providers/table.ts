import type { Issuer } from '../issuer.ts';

/** A product whose tokens have ways of their own. */
export type ProviderKind = 'generic' | 'entra' | 'okta' | 'keycloak' | 'authentik' | 'google';

/** What is particular about a product. */
export interface Provider {
  /** How its issuers look; a group named `tenant` is the tenant. */
  readonly shapes: readonly RegExp[];
  /** What to write instead of an issuer of another shape. */
  readonly shapeRemedy: string;
  /**
   * Whether it puts the `resource` of a request into `aud` (RFC 8707). Where it does not, `audiences` of the issuer says
   * what it puts there instead.
   */
  readonly resourceIndicators: boolean;
  /** Whether it can be asked about tokens (RFC 7662). */
  readonly introspection: boolean;
  /** The claim that must name the tenant of the issuer. */
  readonly tenantClaim?: string;
  /** What its entry is, where the operator says nothing. */
  readonly defaults: Omit<Issuer, 'issuer'>;
}

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** The products, once. None of them writes `typ: at+jwt` unless told to, and all have OpenID Connect Discovery. */
export const providers: Readonly<Record<Exclude<ProviderKind, 'generic'>, Provider>> = {
  entra: {
    shapes: [
      // Which of the two writes a token is up to the API's registration (`requestedAccessTokenVersion`).
      new RegExp(
        `^https://login\\.(?:microsoftonline\\.(?:com|us)|partner\\.microsoftonline\\.cn)/(?<tenant>${uuid})/v2\\.0$`,
      ),
      new RegExp(`^https://${uuid}\\.ciamlogin\\.com/(?<tenant>${uuid})/v2\\.0$`),
      new RegExp(`^https://sts\\.(?:windows\\.net|chinacloudapi\\.cn)/(?<tenant>${uuid})/$`),
    ],
    shapeRemedy:
      'name one tenant by its id: `https://login.microsoftonline.com/<tenant id>/v2.0`, or for v1 tokens ' +
      '`https://sts.windows.net/<tenant id>/`; `common`, `organizations` and `consumers` are no issuers',
    resourceIndicators: false,
    introspection: false,
    tenantClaim: 'tid',
    defaults: {
      discovery: 'oidc',
      allowPlainJwt: true,
      algorithms: ['RS256'],
      claims: {
        // `sub` differs from application to application; `oid` is the same for all in the tenant, which the issuer names.
        subject: ['oid'],
        tenant: 'tid',
        roles: 'roles',
        groups: 'groups',
        // v2 and v1. Its id tokens have neither.
        agent: ['azp', 'appid'],
      },
    },
  },
  okta: {
    shapes: [/^https:\/\/[a-z0-9.-]+\/oauth2\/[A-Za-z0-9_-]+$/],
    shapeRemedy:
      'name a custom authorization server, such as `https://<domain>/oauth2/default`; tokens of the org ' +
      'authorization server are for Okta alone',
    resourceIndicators: false,
    introspection: true,
    defaults: {
      discovery: 'oidc',
      allowPlainJwt: true,
      algorithms: ['RS256'],
      claims: {
        // `sub` is the login name, which may pass to another person; a client's own token has no `uid`.
        subject: ['uid', 'sub'],
        // Its id tokens have none.
        agent: ['cid'],
        groups: 'groups',
      },
    },
  },
  keycloak: {
    shapes: [/^https?:\/\/[^?#]+\/realms\/[^/?#]+$/],
    shapeRemedy: 'name the realm, without a slash at the end: `https://<host>/realms/<realm>`',
    resourceIndicators: false,
    introspection: true,
    defaults: {
      discovery: 'oidc',
      allowPlainJwt: true,
      // The `typ` of its header is `JWT` for every kind; the one among the claims tells id and refresh tokens apart.
      requiredClaims: { typ: ['Bearer', 'DPoP'] },
      claims: { roles: '/realm_access/roles', groups: 'groups', agent: ['azp', 'client_id'] },
    },
  },
  authentik: {
    shapes: [/^https?:\/\/[^?#]+\/application\/o\/[^/?#]+\/$/],
    shapeRemedy:
      'name the provider, with the slash at the end: `https://<host>/application/o/<slug>/`, and let its issuer mode ' +
      'be one issuer for each provider',
    resourceIndicators: false,
    introspection: true,
    defaults: {
      discovery: 'oidc',
      allowPlainJwt: true,
      // Its id tokens, which have the same audience, have no `azp`.
      claims: { groups: 'groups', roles: 'roles', agent: ['azp'] },
    },
  },
  google: {
    shapes: [/^https:\/\/accounts\.google\.com$/],
    shapeRemedy: 'it is `https://accounts.google.com`',
    resourceIndicators: false,
    // Its access tokens (`ya29.…`) are opaque, and there is no RFC 7662 endpoint. What counts is an id token that a
    // service account asked for with the resource as its audience; people log in at the embedded authorization server.
    introspection: false,
    defaults: {
      discovery: 'oidc',
      allowPlainJwt: true,
      algorithms: ['RS256'],
      claims: { tenant: 'hd', agent: ['azp'] },
    },
  },
};
