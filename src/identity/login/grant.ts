import type Provider from 'oidc-provider';
import type { JsonObject } from '../../model/json.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import type { Rights } from './consents.ts';
import { RequestFault } from './request-fault.ts';

/** What the authorization server has noted as granted already. */
export async function grantedBefore(provider: Provider, { grantId }: AuthorizationRequest): Promise<Rights> {
  const grant = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  return grant === undefined ? { scopes: [], claims: [], resources: {} } : rightsOf(grant);
}

/** Notes as granted what was asked for; answers the id of the grant and everything in it. */
export async function grantMissing(
  provider: Provider,
  request: AuthorizationRequest,
  accountId: string,
): Promise<{ readonly id: string; readonly rights: Rights }> {
  const clientId = request.client.id;
  const found = request.grantId === undefined ? undefined : await provider.Grant.find(request.grantId);
  const grant = found ?? new provider.Grant({ accountId, clientId });
  if (grant.accountId !== accountId || grant.clientId !== clientId) {
    throw new RequestFault(409, 'somebody else logged in meanwhile; start again at the application');
  }
  const { scopes, claims, resources } = request.missing;
  if (scopes.length > 0) grant.addOIDCScope(scopes.join(' '));
  if (claims.length > 0) grant.addOIDCClaims([...claims]);
  for (const [resource, wanted] of Object.entries(resources))
    grant.addResourceScope(resource, wanted.join(' '));
  for (const detail of request.details) grant.addRar(detail as JsonObject & { type: string });
  return { id: await grant.save(), rights: rightsOf(grant) };
}

type Grant = InstanceType<Provider['Grant']>;

function rightsOf(grant: Grant): Rights {
  const resources = Object.keys(grant.resources ?? {});
  return {
    scopes: words(grant.getOIDCScope()),
    claims: grant.getOIDCClaims(),
    resources: Object.fromEntries(resources.map((name) => [name, words(grant.getResourceScope(name))])),
  };
}

function words(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '');
}
