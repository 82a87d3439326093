import { digest } from './secrets.ts';

/** The account of the person who runs the gateway. */
export const ownerAccountId = 'owner';

/**
 * The account of a user of an OpenID provider, by issuer and subject together (OpenID Connect Core section 5.7: `sub` is
 * unique at its issuer alone). A digest, so that neither can be chosen to look like another pair, nor like the owner.
 */
export function accountIdOf(issuer: string, subject: string): string {
  return `u-${digest(JSON.stringify([issuer, subject]))}`;
}
