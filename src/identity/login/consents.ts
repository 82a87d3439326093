import type Provider from 'oidc-provider';
import { type JsonObject, objectMember, stringMember, stringsIn } from '../../model/json.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Documents, StoredDocument } from '../../pipeline/store-ports.ts';
import { changeDocument } from './change-document.ts';
import { digest } from './secrets.ts';

/** What people allowed applications. */
export interface Consents {
  /** The consents of an account, oldest first. */
  readonly list: (account: string) => Promise<readonly Consent[]>;
  /** Takes a consent back and ends the grants made from it: their refresh tokens are good no more. */
  readonly withdraw: (account: string, client: string) => Promise<boolean>;
  readonly find: (account: string, client: string) => Promise<Consent | undefined>;
  /** Adds to what the application may do. */
  readonly keep: (allowed: Allowed) => Promise<void>;
}

/** What one person allowed one application. */
export interface Consent {
  readonly account: string;
  readonly client: string;
  readonly clientName: string;
  /** The redirect URIs that were shown. */
  readonly redirectUris: readonly string[];
  readonly rights: Rights;
  readonly grants: readonly string[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Scopes and claims about the person, and scopes by resource. */
export interface Rights {
  readonly scopes: readonly string[];
  readonly claims: readonly string[];
  readonly resources: Readonly<Record<string, readonly string[]>>;
}

/** A consent that was just given. */
export interface Allowed {
  readonly account: string;
  readonly client: string;
  readonly clientName: string;
  readonly redirectUri: string;
  readonly rights: Rights;
  readonly grant: string;
}

const kind = 'consent';
const mostGrants = 50;

/** Keeps consents in documents. */
export function createConsents(
  provider: Provider,
  documents: Documents,
  clock: Pick<Clock, 'now'>,
): Consents {
  const find = async (account: string, client: string): Promise<Consent | undefined> =>
    consentOf(await documents.get(kind, idOf(account, client)));
  return {
    find,
    list: async (account) => {
      const found = await documents.find(kind, { index: { name: 'account', value: account }, limit: 1000 });
      return found.map(consentOf).filter((consent) => consent !== undefined);
    },
    keep: async (allowed) => {
      const id = idOf(allowed.account, allowed.client);
      await changeDocument(documents, kind, id, (found) => ({
        value: written(together(consentOf(found), allowed, clock.now())),
        indexes: { account: allowed.account },
      }));
    },
    withdraw: async (account, client) => {
      const consent = await find(account, client);
      if (consent === undefined) return false;
      // The grants first: if this stops in between, the consent is still listed and can be withdrawn again.
      for (const id of consent.grants) await endGrant(provider, id);
      return documents.remove(kind, idOf(account, client));
    },
  };
}

/** Whether all of these rights were allowed before, for the same name and place of the application. */
export function covers(
  consent: Consent | undefined,
  { clientName, redirectUri, rights }: Pick<Allowed, 'clientName' | 'redirectUri' | 'rights'>,
): boolean {
  if (consent === undefined || consent.clientName !== clientName) return false;
  if (!consent.redirectUris.includes(redirectUri)) return false;
  const { scopes, claims, resources } = consent.rights;
  return (
    rights.scopes.every((scope) => scopes.includes(scope)) &&
    rights.claims.every((claim) => claims.includes(claim)) &&
    Object.entries(rights.resources).every(
      ([resource, wanted]) =>
        Object.hasOwn(resources, resource) && wanted.every((scope) => resources[resource]?.includes(scope)),
    )
  );
}

async function endGrant(provider: Provider, id: string): Promise<void> {
  const grant = await provider.Grant.find(id);
  await provider.RefreshToken.revokeByGrantId(id);
  await provider.AccessToken.revokeByGrantId(id);
  await grant?.destroy();
}

function together(before: Consent | undefined, { rights, ...allowed }: Allowed, at: number): Consent {
  const same = before?.clientName === allowed.clientName ? before : undefined;
  const resources = Object.entries(rights.resources).map(([resource, scopes]) => {
    const kept =
      same !== undefined && Object.hasOwn(same.rights.resources, resource)
        ? same.rights.resources[resource]
        : [];
    return [resource, union(kept, scopes)] as const;
  });
  return {
    account: allowed.account,
    client: allowed.client,
    clientName: allowed.clientName,
    redirectUris: union(same?.redirectUris, [allowed.redirectUri]),
    rights: {
      scopes: union(same?.rights.scopes, rights.scopes),
      claims: union(same?.rights.claims, rights.claims),
      resources: { ...same?.rights.resources, ...Object.fromEntries(resources) },
    },
    grants: union(before?.grants, [allowed.grant]).slice(-mostGrants),
    at,
  };
}

function union(one: readonly string[] | undefined, other: readonly string[]): readonly string[] {
  return [...new Set([...(one ?? []), ...other])];
}

/** A digest, because both are texts of any length from outside. */
function idOf(account: string, client: string): string {
  return digest(JSON.stringify([account, client]));
}

function written({ account, client, clientName, redirectUris, rights, grants, at }: Consent): JsonObject {
  const { scopes, claims, resources } = rights;
  return { account, client, clientName, redirectUris, rights: { scopes, claims, resources }, grants, at };
}

function consentOf(found: StoredDocument | undefined): Consent | undefined {
  if (found === undefined) return undefined;
  const { value } = found;
  const rights = objectMember(value, 'rights');
  const resources = Object.entries(objectMember(rights, 'resources') ?? {});
  return {
    account: stringMember(value, 'account') ?? '',
    client: stringMember(value, 'client') ?? '',
    clientName: stringMember(value, 'clientName') ?? '',
    redirectUris: stringsIn(value['redirectUris']),
    rights: {
      scopes: stringsIn(rights?.['scopes']),
      claims: stringsIn(rights?.['claims']),
      resources: Object.fromEntries(resources.map(([resource, scopes]) => [resource, stringsIn(scopes)])),
    },
    grants: stringsIn(value['grants']),
    at: Number(value['at']),
  };
}
