import { importJWK, SignJWT } from 'jose';
import type { Fetch } from '../fetch-json.ts';
import { guardedFetch } from '../guarded-fetch.ts';
import { loginUrl } from './browser-session.ts';
import { type BuiltProvider, buildProvider, type ProviderBuild } from './build-provider.ts';
import { knownClients } from './clients.ts';
import { scopesOf } from './default-scope.ts';
import { faultDescription } from './fault-answer.ts';
import { sendError, serverFront, wellKnown } from './front.ts';
import { loadProvider } from './load-provider.ts';
import { endpoints, serverMetadata } from './metadata.ts';
import type { AuthorizationServer, AuthorizationServerOptions, ServerMount } from './options.ts';
import { shownRequests } from './presented.ts';
import { loadProofChecks } from './proof-checks.ts';
import { rememberedFetch } from './remembered-fetch.ts';
import { showClient } from './show-client.ts';
import type { Signer } from './signer.ts';
import { openSigningKeys, type SigningKeys } from './signing-keys.ts';
import { verifyOwnToken } from './verify-own-token.ts';

const minute = 60_000;
const day = 1_440 * minute;
const refreshMs = 30_000;
/** Of a key set; client metadata documents are bounded again. */
const mostBytes = 64 * 1024;
/** Longer than replicas take to read the keys again, and than verifiers keep what they fetched. */
const publishAheadMs = 10 * minute;
const rotateAfterMs = 30 * day;

/**
 * The embedded authorization server: oidc-provider behind our own interface (OAuth 2.1, RFC 7636, RFC 8707, RFC 9068, RFC
 * 9126, RFC 9207, RFC 9449, RFC 8705). Everything that it remembers lies in `documents`, so that replicas answer as one.
 *
 * Rejects when the store cannot be reached, or when the keys in it cannot be unwrapped.
 */
export async function createAuthorizationServer(
  options: AuthorizationServerOptions,
): Promise<AuthorizationServer> {
  const issuer = `${options.origin}/as`;
  const keys = await openKeys(issuer, options);
  const signing = signer(issuer, keys);
  const grants = options.grants(signing);
  const build: ProviderBuild = {
    issuer,
    grants,
    library: await loadProvider(),
    bindProofs: await loadProofChecks(),
    options,
    keys,
    shown: shownRequests(),
    fetch: chooseFetch(options),
  };
  const provider = currentProvider(build);
  const metadata = (): ReturnType<typeof serverMetadata> =>
    serverMetadata({
      issuer,
      grants,
      scopes: [...new Set(options.resources().flatMap(scopesOf))],
      dynamicRegistration: options.settings.dynamicRegistration,
      clientMetadata: options.settings.clientMetadata.enabled,
    });
  const front = serverFront({
    issuer,
    shown: build.shown,
    showClient: showClient(options, [issuer, `${issuer}${endpoints.token}`]),
    provider,
    metadata,
    jwks: keys.published,
    resources: options.resources,
    report: options.report,
    verifyToken: (token) =>
      verifyOwnToken(
        { issuer, published: keys.published, now: options.clock.now, revocations: options.revocations },
        token,
      ),
  });
  const built = await provider();
  const timer = setInterval(() => {
    keys.refresh().catch((error: unknown) => {
      options.report?.('authorization server failed', { message: messageOf(error) });
    });
  }, refreshMs);
  timer.unref();
  return {
    issuer,
    mounts: [mount(options, front, [...wellKnown, '/as', ...built.interactions.paths])],
    signer: signing,
    jwks: keys.published,
    metadata,
    sessionAccount: async (request) => (await provider()).sessionAccount(request),
    loginUrl: (returnTo) => loginUrl(issuer, returnTo),
    rotateKeys: keys.rotate,
    close: () => {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}

function openKeys(issuer: string, options: AuthorizationServerOptions): Promise<SigningKeys> {
  const { documents, wrapKey, clock, settings } = options;
  const keepMs = Math.max(settings.accessTokenMinutes, 60) * minute + refreshMs;
  return openSigningKeys({
    issuer,
    documents,
    wrapKey,
    now: clock.now,
    publishAheadMs,
    keepMs,
    rotateAfterMs,
  });
}

/** The provider of the key that is to be signed with now; made anew when that is another one. */
function currentProvider(build: ProviderBuild): () => Promise<BuiltProvider> {
  let built: BuiltProvider | undefined;
  let readAt = build.options.clock.now();
  return async () => {
    // The timer stands still with the process; a request never goes on with keys that were read too long ago.
    const now = build.options.clock.now();
    if (now - readAt > publishAheadMs / 2) {
      readAt = now;
      await build.keys.refresh();
    }
    if (built?.kid !== build.keys.active().kid) built = buildProvider(build);
    return built;
  };
}

function mount(
  { report }: AuthorizationServerOptions,
  front: ReturnType<typeof serverFront>,
  paths: readonly string[],
): ServerMount {
  return {
    paths,
    serve: (request, response) => {
      front(request, response).catch((error: unknown) => {
        report?.('authorization server failed', { message: messageOf(error) });
        if (response.headersSent) response.destroy();
        else sendError(response, 503, 'temporarily_unavailable', faultDescription);
      });
    },
  };
}

function signer(issuer: string, keys: SigningKeys): Signer {
  return {
    issuer,
    sign: async (typ, claims) => {
      const { kid, jwk } = keys.active();
      return await new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'ES256', kid, typ })
        .sign(await importJWK(jwk, 'ES256'));
    },
    jwks: keys.published,
  };
}

/** Strangers' URLs go through the guard; what the operator configured may stand in the operator's own network. */
function chooseFetch({ settings, agents, ...options }: AuthorizationServerOptions): Fetch {
  const { trustedUrls } = knownClients(settings.clients, agents);
  const trusted = new Set([...trustedUrls].map((url) => (URL.canParse(url) ? new URL(url).href : url)));
  const plain = options.fetch ?? fetch;
  const guarded = rememberedFetch(
    options.guardedFetch ?? guardedFetch({ maxBytes: mostBytes }),
    options.clock.now,
  );
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (!trusted.has(url)) return await guarded(input, init);
    const { method = 'GET', headers, signal } = init ?? {};
    return await plain(url, {
      method,
      redirect: 'error',
      ...(headers === undefined ? {} : { headers }),
      ...(signal == null ? {} : { signal }),
    });
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
