import { faultMessage } from '../model/fault-message.ts';
import { type JsonObject, stringMember } from '../model/json.ts';
import { type Fetch, fetchJson } from './fetch-json.ts';
import type { Issuer } from './issuer.ts';

/**
 * Finds where something of an issuer is, such as `jwks_uri`, by its metadata (RFC 8414 section 3.1, OpenID Connect
 * Discovery section 4). Throws when nothing is found.
 */
export async function discover(
  fetch: Fetch,
  { issuer, discovery }: Pick<Issuer, 'issuer' | 'discovery'>,
  member: string,
): Promise<string> {
  const tried: string[] = [];
  for (const url of metadataUrls(issuer, discovery)) {
    const metadata = await fetchJson(fetch, url).catch((cause: unknown) => {
      tried.push(faultMessage(cause));
      return undefined;
    });
    if (metadata !== undefined) return memberOf(metadata, issuer, url, member);
  }
  throw new Error(`no metadata of issuer \`${issuer}\`: ${tried.join('; ')}`);
}

function metadataUrls(issuer: string, discovery: Issuer['discovery']): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const oidc = `${origin}${path}/.well-known/openid-configuration`;
  if (discovery === 'oidc') return [oidc];
  return [
    ...new Set([
      `${origin}/.well-known/oauth-authorization-server${path}`,
      `${origin}/.well-known/openid-configuration${path}`,
      oidc,
    ]),
  ];
}

/** The metadata must name exactly this issuer (RFC 8414 section 3.3), or one issuer could stand in for another. */
function memberOf(metadata: JsonObject, issuer: string, url: string, member: string): string {
  if (metadata['issuer'] !== issuer) {
    throw new Error(`\`${url}\` names issuer \`${String(metadata['issuer'])}\`, not exactly \`${issuer}\``);
  }
  const found = stringMember(metadata, member);
  if (found === undefined) throw new Error(`\`${url}\` names no \`${member}\``);
  return found;
}
