import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { isOfOwnPages } from './browser-session.ts';
import type { ProviderLibrary } from './load-provider.ts';
import type { TokenRevocations } from './options.ts';
import { isNativeRedirect } from './redirects.ts';
import { isLoginWithdrawn } from './withdrawn.ts';

type Policy = NonNullable<NonNullable<Configuration['interactions']>['policy']>;

/**
 * When people are asked. Beside what oidc-provider asks for: nobody's consent is taken for granted for a resource that a
 * client was never given before, and never where the answer goes to the user's own machine, because any program there
 * can pose as the client (RFC 8252 section 8.6).
 */
export function interactionPolicy(
  { interactionPolicy: { base, Check } }: ProviderLibrary,
  revocations: TokenRevocations | undefined,
): Policy {
  const policy = base();
  const [login, consent] = [policy.get('login'), policy.get('consent')];
  if (login === undefined || consent === undefined) {
    throw new Error('oidc-provider has no prompts `login` and `consent`');
  }
  login.checks.add(
    new Check('revoked', 'the user was revoked after logging in', (context) =>
      context.oidc.result?.login !== undefined ? false : isLoginWithdrawn(revocations, context),
    ),
  );
  consent.checks.add(
    new Check('new_resource', 'the user has not agreed to this resource', (context) =>
      asked(context) ? false : hasNewResource(context),
    ),
  );
  consent.checks.add(
    new Check('native_redirect', 'the answer goes to the machine of the user', (context) =>
      asked(context) ? false : isNativeRedirect(String(context.oidc.params?.['redirect_uri'] ?? '')),
    ),
  );
  return policy;
}

/** Our own pages get nothing, so there is nothing to agree to. */
function asked(context: KoaContextWithOIDC): boolean {
  return context.oidc.result?.consent !== undefined || isOfOwnPages(context);
}

function hasNewResource({ oidc }: KoaContextWithOIDC): boolean {
  const granted = oidc.entities.Grant?.resources ?? {};
  return Object.keys(oidc.resourceServers ?? {}).some((resource) => !Object.hasOwn(granted, resource));
}
