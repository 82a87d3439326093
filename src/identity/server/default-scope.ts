import type { ResourceInfo } from './options.ts';

/** The scope of a resource that states none: a grant without any scope would be a grant of nothing. */
const bareScope = 'mcp';

/** The scopes of a resource, at least one. */
export function scopesOf({ scopes }: ResourceInfo): readonly string[] {
  return scopes.length === 0 ? [bareScope] : scopes;
}

/**
 * Adds a `scope` to an authorization request that states none: all of the resources it names (RFC 6749 section 3.3). The
 * user still sees them and agrees to them.
 */
export function addDefaultScope(parameters: URLSearchParams, resources: readonly ResourceInfo[]): void {
  if (parameters.has('scope') || parameters.has('request_uri')) return;
  const named = parameters.getAll('resource');
  const scopes = resources.filter(({ resource }) => named.includes(resource)).flatMap(scopesOf);
  if (scopes.length > 0) parameters.set('scope', [...new Set(scopes)].join(' '));
}
