import type { Issuer } from './issuer.ts';

/** Whether a token for these audiences may be used at a resource (RFC 8707 section 2, RFC 9068 section 4). */
export function isForResource(audiences: readonly string[], resource: string, issuer: Issuer): boolean {
  return audiences.some(
    (audience) =>
      audience === resource ||
      issuer.audiences?.includes(audience) === true ||
      (issuer.audienceMatch === 'below' && isAbove(audience, resource)),
  );
}

/** `https://host/mcp` is above `https://host/mcp/files`, not above `https://host/mcp-files`. */
function isAbove(audience: string, resource: string): boolean {
  return URL.canParse(audience) && resource.startsWith(audience.endsWith('/') ? audience : `${audience}/`);
}
