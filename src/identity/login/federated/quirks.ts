import { type JsonObject, stringMember } from '../../../model/json.ts';
import type { ProviderSettings } from '../options.ts';

/** Where a product differs from OpenID Connect Core. */
export interface Quirks {
  /** Scopes that it does not know and fails on. */
  readonly withoutScopes: readonly string[];
  /** More parameters of the authorization request, such as its own way to ask for a refresh token. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Gives out refresh tokens only after it asked the person again (OpenID Connect Core section 11). */
  readonly offlineWantsConsent: boolean;
  /** The claims that name a user for good; joined by `/`. */
  readonly subject: readonly string[];
}

const plain: Quirks = { withoutScopes: [], parameters: {}, offlineWantsConsent: false, subject: ['sub'] };

const table: Readonly<Record<ProviderSettings['kind'], Quirks>> = {
  generic: { ...plain, offlineWantsConsent: true },
  okta: plain,
  keycloak: plain,
  authentik: plain,
  // `sub` is another one for each application; `oid` with `tid` is the user (Microsoft: ID token claims reference).
  entra: { ...plain, subject: ['tid', 'oid'] },
  // Refuses `offline_access` as a scope (Google: OpenID Connect, "access_type").
  google: {
    ...plain,
    withoutScopes: ['offline_access'],
    parameters: { access_type: 'offline' },
    offlineWantsConsent: true,
  },
};

/** What is known of a product. */
export function quirksOf(kind: ProviderSettings['kind']): Quirks {
  return table[kind];
}

/** The user that claims speak of, at the issuer; undefined when a claim is missing. */
export function subjectOf(claims: JsonObject, { subject }: Quirks): string | undefined {
  const parts = subject.map((name) => stringMember(claims, name));
  return parts.every((part) => part !== undefined && part !== '') ? parts.join('/') : undefined;
}
