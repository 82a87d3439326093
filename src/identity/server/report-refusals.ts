import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { AuthorizationServerOptions } from './options.ts';
import type { Shown, ShownRequests } from './presented.ts';

/** What oidc-provider says of a request that it refused, and where it stood. */
const refusals = {
  'grant.error': 'token',
  'authorization.error': 'authorize',
  'pushed_authorization_request.error': 'par',
  'introspection.error': 'introspect',
  'revocation.error': 'revoke',
  'registration_create.error': 'register',
} as const;

/** What {@link reportRefusals} needs. */
export interface RefusalReports {
  readonly shown: ShownRequests;
  readonly report: AuthorizationServerOptions['report'];
  /** Refusals that their own grant has told of already. */
  readonly told: WeakSet<object>;
}

/** Tells the operator of every request that is refused: by whom, from where, and why, beyond what its sender is told. */
export function reportRefusals(provider: Provider, { shown, report, told }: RefusalReports): void {
  for (const [event, endpoint] of Object.entries(refusals)) {
    provider.on(event as 'grant.error', (context, error) => {
      // Every client is asked for a nonce once: that is a step of the protocol, and nobody was refused (RFC 9449 section 8).
      if (error.message === 'use_dpop_nonce') return;
      if (!told.has(error))
        report?.('request refused', factsOf(endpoint, context, error, shown.of(context.req)));
    });
  }
}

/** Tells of a request that got the answer of one that names nothing, so that its sender learns nothing. */
export function reportForeign(
  { shown, report }: Pick<RefusalReports, 'shown' | 'report'>,
  endpoint: 'introspect' | 'revoke',
  context: KoaContextWithOIDC,
): void {
  const error = { error: 'not_its_own', error_description: 'the token was issued to another client' };
  report?.('request refused', factsOf(endpoint, context, error, shown.of(context.req)));
}

interface Described {
  readonly error?: string | undefined;
  readonly error_description?: string | undefined;
  readonly error_detail?: string | undefined;
  readonly message?: string | undefined;
}

function factsOf(
  endpoint: string,
  { oidc, req }: KoaContextWithOIDC,
  { error, error_description: description, error_detail: detail, message = '' }: Described,
  shown: Shown | undefined,
): Readonly<Record<string, string>> {
  const { client_id: named, grant_type: grant } = (oidc?.params ?? {}) as Readonly<Record<string, unknown>>;
  const client = oidc?.client?.clientId ?? named;
  return {
    endpoint,
    ...(typeof client === 'string' && { client }),
    ...(typeof grant === 'string' && { grant }),
    code: error ?? message,
    ...(description !== undefined && { description }),
    ...(detail !== undefined && { detail }),
    peer: shown?.peer ?? req.socket.remoteAddress ?? '',
  };
}
