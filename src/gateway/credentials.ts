import type { ServerSettings, Settings } from '../control/settings.ts';
import { guardedFetch } from '../identity/guarded-fetch.ts';
import type { ProviderTokens } from '../identity/login/options.ts';
import { createBroker } from '../identity/upstream/create-broker.ts';
import type { BrokeredServer, BrowserUser, LoginAssertions } from '../identity/upstream/options.ts';
import { isLoopbackHost } from '../model/loopback.ts';
import type { CredentialBroker } from '../pipeline/ports.ts';
import type { Mount } from '../transport/front/options.ts';
import type { Callers } from './callers.ts';
import type { GenerationParts } from './generation.ts';
import { loginTokens } from './login-tokens.ts';

/** The credentials towards upstreams, for one configuration. */
export interface UpstreamCredentials {
  readonly broker: CredentialBroker;
  /** The pages where users connect accounts. */
  readonly mounts: readonly Mount[];
  /** What the login must hand over, so that the login provider can vouch for users elsewhere. */
  readonly login: { readonly onUpstreamTokens: (user: BrowserUser, tokens: ProviderTokens) => Promise<void> };
  /** Gives the pages the callers, who are made later because tasks need the lists of the upstreams. */
  readonly follow: (callers: Callers) => void;
}

/** Makes them. Throws, with the mend, on settings that cannot be used. */
export function openCredentials({ settings, lasting, origin }: GenerationParts): UpstreamCredentials {
  const { vault, workload } = lasting.identity;
  refuseWithoutLogin(settings);
  let callers: Callers | undefined;
  const fetch = guardedFetch({ allowLoopback: isLocal(settings), origins: configuredOrigins(settings) });
  const { provider } = settings.authorizationServer;
  const tokens = loginTokens(vault, lasting.clock, provider && { fetch, provider });
  const assertion = assertionOf(settings, tokens.subjectToken);
  const { broker, mount } = createBroker({
    servers: Object.fromEntries(settings.servers.map((server) => [server.id, brokered(server)])),
    vault,
    clock: lasting.clock,
    origin,
    fetch,
    assets: '/as/assets',
    sessionUser: async (request) => callers?.loggedIn(request),
    loginUrl: (returnTo) => serverOf(callers).loginUrl(returnTo),
    signer: {
      issuer: `${origin}/as`,
      sign: (typ, claims) => serverOf(callers).signer.sign(typ, claims),
      jwks: () => serverOf(callers).signer.jwks(),
    },
    ...(workload && { jwtSvid: workload.jwtSvid }),
    ...(assertion && { upstreamAssertion: assertion }),
    report: lasting.report,
  });
  return {
    broker,
    mounts: [mount],
    login: { onUpstreamTokens: tokens.keep },
    follow: (made) => {
      callers = made;
    },
  };
}

/** Accounts are connected in a browser, and who sits there is known by the login alone. */
function refuseWithoutLogin({ servers, authorizationServer }: Settings): void {
  if (authorizationServer.enabled) return;
  const wanting = servers.find(({ target }) => target.kind === 'http' && target.auth?.kind === 'oauth');
  if (wanting === undefined) return;
  throw new Error(
    `server \`${wanting.id}\`: \`auth.kind: oauth\` needs \`authorizationServer.enabled\`: users log in there before ` +
      'they connect an account',
  );
}

function serverOf(callers: Callers | undefined): NonNullable<Callers['server']> {
  if (callers?.server !== undefined) return callers.server;
  throw new Error('`authorizationServer.enabled` is false, so the gateway cannot sign what it says of users');
}

function brokered({ target }: ServerSettings): BrokeredServer {
  if (target.kind === 'stdio') return { headers: {} };
  const { url, headers, auth } = target;
  return { url, headers, ...(auth && { auth }) };
}

/**
 * Where every server that needs tokens is on this machine, so may be its authorization server. INVARIANT: as soon as one
 * is elsewhere, no address that it names may lead into this machine (SSRF).
 */
function isLocal({ servers }: Settings): boolean {
  const remote = servers.flatMap(({ target }) =>
    target.kind === 'http' && target.auth !== undefined ? [new URL(target.url).hostname] : [],
  );
  return remote.every(isLoopbackHost);
}

/** What the operator wrote down may stand in the operator's own network. */
function configuredOrigins({ servers, authorizationServer: { provider } }: Settings): ReadonlySet<string> {
  const urls = servers.flatMap(({ target }) => {
    if (target.kind !== 'http' || target.auth === undefined) return [];
    const { auth, url } = target;
    if (auth.kind === 'oauth') return [url, auth.issuer ?? url];
    return auth.kind === 'exchange' ? [url, auth.tokenEndpoint] : [url];
  });
  return new Set([...urls, ...(provider ? [provider.issuer] : [])].map((url) => new URL(url).origin));
}

function assertionOf(
  { authorizationServer: { provider } }: Settings,
  subjectToken: LoginAssertions['subjectToken'],
): LoginAssertions | undefined {
  if (provider === undefined) return undefined;
  const { issuer, clientId, clientSecret } = provider;
  return { issuer, clientId, ...(clientSecret !== undefined && { clientSecret }), subjectToken };
}
