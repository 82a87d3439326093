import { faultMessage } from '../model/fault-message.ts';
import { type JsonObject, stringMember } from '../model/json.ts';
import { type Fetch, fetchJson } from './fetch-json.ts';

/**
 * Finds where an issuer's keys are (RFC 8414 section 3.1, OpenID Connect Discovery section 4). The metadata must name
 * exactly this issuer (RFC 8414 section 3.3), or one issuer could stand in for another. Throws when nothing is found.
 */
export async function discoverJwksUri(fetch: Fetch, issuer: string): Promise<string> {
  const tried: string[] = [];
  for (const url of metadataUrls(issuer)) {
    const metadata = await fetchJson(fetch, url).catch((cause: unknown) => {
      tried.push(faultMessage(cause));
      return undefined;
    });
    if (metadata !== undefined) return jwksUriOf(metadata, issuer, url);
  }
  throw new Error(`no metadata of issuer \`${issuer}\`: ${tried.join('; ')}`);
}

function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    ...new Set([
      `${origin}/.well-known/oauth-authorization-server${path}`,
      `${origin}/.well-known/openid-configuration${path}`,
      `${origin}${path}/.well-known/openid-configuration`,
    ]),
  ];
}

function jwksUriOf(metadata: JsonObject, issuer: string, url: string): string {
  if (metadata['issuer'] !== issuer) {
    throw new Error(`\`${url}\` names issuer \`${String(metadata['issuer'])}\`, not exactly \`${issuer}\``);
  }
  const found = stringMember(metadata, 'jwks_uri');
  if (found === undefined) throw new Error(`\`${url}\` names no \`jwks_uri\``);
  return found;
}
