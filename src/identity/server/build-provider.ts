import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { Adapter, Client } from 'oidc-provider';
import type { Fetch } from '../fetch-json.ts';
import { pagesMetadata, sessionAccount } from './browser-session.ts';
import { knownClients } from './clients.ts';
import { answerFault } from './fault-answer.ts';
import type { GrantHandler } from './grant.ts';
import type { Interactions } from './interactions.ts';
import type { ProviderLibrary } from './load-provider.ts';
import { oidcAdapter, removeAll } from './oidc-adapter.ts';
import type { AuthorizationServerOptions } from './options.ts';
import type { ShownRequests } from './presented.ts';
import type { ProofChecks } from './proof-checks.ts';
import { providerConfiguration } from './provider-configuration.ts';
import { registerGrant } from './register-grants.ts';
import { registeredClients } from './registered-clients.ts';
import { reportRefusals } from './report-refusals.ts';
import type { SigningKeys } from './signing-keys.ts';
import { structuredTokens } from './structured-tokens.ts';

/** What {@link buildProvider} is made of. */
export interface ProviderBuild {
  readonly issuer: string;
  readonly library: ProviderLibrary;
  readonly bindProofs: (provider: Provider, library: ProviderLibrary) => ProofChecks;
  readonly options: AuthorizationServerOptions;
  readonly grants: readonly GrantHandler[];
  readonly keys: SigningKeys;
  readonly shown: ShownRequests;
  readonly fetch: Fetch;
}

/** A provider that signs with one key, and its pages. */
export interface BuiltProvider {
  readonly kid: string;
  readonly interactions: Interactions;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** The account that is logged in in the browser that sent a request. */
  readonly sessionAccount: (request: IncomingMessage) => Promise<string | undefined>;
}

/** Everything that belongs to one grant. */
const grantModels: readonly string[] = ['AccessToken', 'AuthorizationCode', 'RefreshToken'];

/** Sets oidc-provider up for the key of the moment. What it remembers lies in the store, so another one can take over. */
export function buildProvider(build: ProviderBuild): BuiltProvider {
  const { issuer, library, options, keys, shown, fetch } = build;
  const { kid } = keys.active();
  const holder: { interactions?: Interactions } = {};
  const provider = new library.Provider(
    issuer,
    providerConfiguration({
      issuer,
      library,
      options,
      keys,
      shown,
      fetch,
      adapter: adapters(build),
      findAccount: async (subject) => await holder.interactions?.findAccount(subject),
    }),
  );
  adapt(provider, build);
  const told = new WeakSet<object>();
  reportRefusals(provider, { shown, report: options.report, told });
  for (const handler of build.grants)
    registerGrant(
      { provider, errors: library.errors, shown, proofs: build.bindProofs(provider, library), told },
      handler,
    );
  const interactions = options.interactions({ provider, base: issuer });
  holder.interactions = interactions;
  const callback = provider.callback();
  return {
    kid,
    interactions,
    sessionAccount: (request) => sessionAccount(provider, request),
    answer: async (request, response) => {
      await callback(request, response);
    },
  };
}

function adapters({ issuer, library, options, shown }: ProviderBuild): (model: string) => Adapter {
  const { documents, clock } = options;
  const known = knownClients(options.settings.clients, options.agents);
  const request = (): IncomingMessage | undefined => library.Provider.ctx?.req;
  const onReuse = async (grantId: string): Promise<Error> => {
    for (const model of grantModels) await removeAll(documents, `oidc:${model}`, grantId);
    await documents.remove('oidc:Grant', grantId);
    options.report?.('grant reused', { grant: grantId });
    return new library.errors.InvalidGrant('it was used before; the user has to agree again');
  };
  const full = (): Error =>
    new library.errors.CustomOIDCProviderError('temporarily_unavailable', 'too many clients are registered');
  return (model) => {
    const kept = oidcAdapter(model, { documents, now: clock.now, onReuse });
    if (model === 'AccessToken')
      return structuredTokens(kept, () => shown.of(request()), options.revocations);
    if (model !== 'Client') return kept;
    const registered = registeredClients(kept, { documents, now: clock.now, full });
    return {
      ...registered,
      find: async (id) =>
        pagesMetadata(id, issuer) ?? known.find(id, shown.of(request())) ?? (await registered.find(id)),
    };
  };
}

/**
 * INVARIANT: only a client that the operator entered and that proved who it is gets a token without a user (RFC 6749
 * section 4.4). Whatever a metadata document or a registration says of itself, anybody could have written it.
 */
function mayActForItself({ library, options, shown }: ProviderBuild, client: Client): boolean {
  const { clientId, clientAuthMethod } = client;
  const now = shown.of(library.Provider.ctx?.req);
  const presented = now?.presented;
  const bySvid = presented?.kind === 'jwt-svid' && presented.id === clientId;
  if (clientAuthMethod === 'none' && !bySvid) return false;
  return knownClients(options.settings.clients, options.agents).find(clientId, now) !== undefined;
}

/** What oidc-provider has no setting for. */
function adapt(provider: Provider, build: ProviderBuild): void {
  const { library, options, grants, shown } = build;
  const ours = new Set(grants.map(({ type }) => type));
  const { Client } = provider;
  const allowed = Client.prototype.grantTypeAllowed;
  // Whether a client may use one of these is for the grant itself to say, and not for the client's own metadata.
  Client.prototype.grantTypeAllowed = function grantTypeAllowed(type: string): boolean {
    if (type === 'client_credentials' && !mayActForItself(build, this))
      throw new library.errors.UnauthorizedClient('this client gets no token without a user');
    return ours.has(type) || allowed.call(this, type);
  };
  // One way to answer: a form that submits itself needs a script, and a fragment ends in the browser's history.
  Object.assign(Client.prototype, {
    responseModeAllowed: (mode: string | undefined, responseType: string) =>
      responseType !== 'code' || (mode ?? 'query') === 'query',
  });
  // Its own look-up and entry are two steps, between which another replica can take the same proof.
  Object.assign(provider.ReplayDetection, {
    unique: (by: string, id: string, expiresAt: number) =>
      options.replay.claim(JSON.stringify(['as', by, id]), expiresAt * 1000),
  });
  // The public origin is configured; what proxies say of it was set by us (see the front).
  provider.proxy = true;
  provider.on('server_error', (_context, { message }) => {
    options.report?.('authorization server failed', { message });
  });
  const application: EventEmitter = provider;
  application.on('error', ({ message }: Error) => {
    options.report?.('authorization server failed', { message });
  });
  provider.use(async (context, next) => {
    Object.assign(context, { mountPath: '/as' });
    await next();
    answerFault(context);
    const claims = shown.of(context.req)?.token;
    const body = context.body as { active?: boolean; token_type?: string } | undefined;
    // RFC 7662 section 2.2: what the token says, also what this library does not know of.
    if (claims !== undefined && body?.active === true)
      context.body = { ...claims, active: true, token_type: body.token_type };
  });
}
