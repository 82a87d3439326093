import type { Issuer } from '../issuer.ts';
import { type Provider, type ProviderKind, providers } from './table.ts';

/**
 * An issuer with the ways of its product filled in wherever the operator said nothing. Throws, with what to mend, on an
 * issuer that the product does not have, and on asking a product that cannot be asked.
 */
export function withProvider(kind: ProviderKind, issuer: Issuer): Issuer {
  if (kind === 'generic') return issuer;
  const provider = providers[kind];
  const tenant = tenantOf(kind, provider, issuer.issuer);
  if (issuer.introspection !== undefined && !provider.introspection) {
    throw new Error(
      `issuer \`${issuer.issuer}\`: ${kind} answers no questions about tokens; remove \`introspection\``,
    );
  }
  const { defaults, tenantClaim } = provider;
  const requiredClaims = {
    ...defaults.requiredClaims,
    ...(tenantClaim !== undefined && tenant !== undefined && { [tenantClaim]: [tenant] }),
    ...issuer.requiredClaims,
  };
  return { ...defaults, ...issuer, requiredClaims, claims: { ...defaults.claims, ...issuer.claims } };
}

function tenantOf(kind: string, { shapes, shapeRemedy }: Provider, issuer: string): string | undefined {
  for (const shape of shapes) {
    const found = shape.exec(issuer);
    if (found !== null) return found.groups?.['tenant'];
  }
  throw new Error(`\`${issuer}\` is no issuer of ${kind}: ${shapeRemedy}`);
}
