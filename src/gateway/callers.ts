import type { IncomingMessage } from 'node:http';
import { ownerIssuer } from '../control/default-policy.ts';
import type { Settings } from '../control/settings.ts';
import { createIdentity } from '../identity/identity.ts';
import type { Issuer } from '../identity/issuer.ts';
import type { Owner } from '../identity/owner.ts';
import { protectedResourceMetadata } from '../identity/resource-metadata.ts';
import type { AuthorizationServer } from '../identity/server/options.ts';
import { createEndTask } from '../identity/task/end-task.ts';
import type { TokenExchangeOptions } from '../identity/task/exchange-options.ts';
import { withImplicitTasks } from '../identity/task/implicit.ts';
import { createTaskPages } from '../identity/task/task-pages.ts';
import type { JsonObject } from '../model/json.ts';
import type { Identity } from '../pipeline/ports.ts';
import type { Mount } from '../transport/front/options.ts';
import { peerCertificate } from '../transport/front/peer-certificate.ts';
import { openAuthorization, resourcesOf } from './authorization.ts';
import type { Lasting } from './generation.ts';
import { idTokenIssuer, issuerOf, ownIssuer } from './issuers.ts';
import { type People, type Person, peopleOf } from './people.ts';
import { subjectVerifier } from './verify-subject.ts';

/** Everything that answers the question who calls, for one configuration. */
export interface Callers {
  readonly identity: Identity;
  /** The authorization server and the pages of tasks. */
  readonly mounts: readonly Mount[];
  /** The RFC 9728 document of a resource, given its URI. */
  readonly metadata: (resource: string) => JsonObject;
  readonly setupLink: People['setupLink'];
  /** Who is logged in in the browser that sent a request. */
  readonly loggedIn: (request: IncomingMessage) => Promise<Person | undefined>;
  readonly server: AuthorizationServer | undefined;
  readonly close: () => Promise<void>;
}

/** What they are made of, beside what lasts. */
export interface CallerParts {
  readonly settings: Settings;
  readonly lasting: Lasting;
  readonly owner: Owner | undefined;
  readonly origin: string;
  readonly entitle: TokenExchangeOptions['entitle'];
  readonly onUpstreamTokens?: Parameters<typeof peopleOf>[0]['onUpstreamTokens'];
}

/** Makes them. Rejects, with the mend, on settings that cannot work. */
export async function openCallers(parts: CallerParts): Promise<Callers> {
  const { settings, lasting, owner, origin } = parts;
  const { clock, identity: shared, report } = lasting;
  const foreign = [...(owner ? [owner.issuer] : []), ...settings.identity.issuers.map(issuerOf)];
  const resources = (): readonly string[] => resourcesOf(settings, origin).map(({ resource }) => resource);
  const issuers: Issuer[] = [...foreign];
  const people = peopleOf({
    settings,
    origin,
    documents: shared.stores.documents,
    clock,
    ...(parts.onUpstreamTokens && { onUpstreamTokens: parts.onUpstreamTokens }),
    onFault: (message) => report('login failed', { message }),
    onRefusal: (why, peer) => report('login refused', { why, peer }),
  });
  let verify: TokenExchangeOptions['verifySubject'] | undefined;
  const server = settings.authorizationServer.enabled
    ? await openAuthorization({
        ...parts,
        people,
        verifySubject: (token, type) => {
          verify ??= subjectVerifier({ issuers, login: loginOf(settings), resources, clock, ...shared });
          return verify(token, type);
        },
      })
    : undefined;
  if (server !== undefined) issuers.push(ownIssuer(server));
  const identity = confined(settings, lasting, createIdentity(identityOptions(settings, lasting, issuers)));
  return {
    identity,
    mounts: [...(server?.mounts ?? []), taskPages(parts, identity, resources)],
    metadata: metadataOf(settings, server),
    setupLink: people.setupLink,
    loggedIn: async (request) => {
      const account = await server?.sessionAccount(request);
      return account === undefined ? undefined : people.person(account);
    },
    server,
    close: async () => server?.close(),
  };
}

function loginOf({ authorizationServer: { login, provider } }: Settings): Issuer | undefined {
  return login === 'provider' && provider !== undefined ? idTokenIssuer(provider) : undefined;
}

function identityOptions(
  { identity }: Settings,
  { clock, identity: shared }: Lasting,
  issuers: readonly Issuer[],
): Parameters<typeof createIdentity>[0] {
  const { senderConstrained, nonce, proofSeconds } = identity.proof;
  return {
    // The owner's token lies in a file that the owner alone can read, as a key would.
    issuers: issuers.map((issuer) =>
      issuer.issuer === ownerIssuer ? { ...issuer, senderConstrained: 'optional' } : issuer,
    ),
    scopes: identity.scopes,
    clock,
    proof: {
      replay: shared.stores.hot.replay,
      senderConstrained,
      nonce,
      nonceKey: shared.nonceKey,
      proofSeconds,
    },
    revocations: shared.revocations,
  };
}

/** Tokens that name no task get the implicit one, if there is a template for it. */
function confined({ tasks }: Settings, { clock }: Lasting, identity: Identity): Identity {
  const template = tasks.implicit === undefined ? undefined : tasks.templates[tasks.implicit];
  return template === undefined ? identity : withImplicitTasks(identity, template, clock);
}

function taskPages(
  { lasting, origin }: CallerParts,
  { identify }: Identity,
  resources: () => readonly string[],
): Mount {
  const { clock, identity: shared, report } = lasting;
  const { ledger, revocations, stores } = shared;
  const { documents } = stores;
  return createTaskPages({
    origin,
    identify,
    resources,
    documents,
    ledger,
    revocations,
    end: createEndTask({ ledger, documents, revocations, clock, report }),
    clock,
    peerCertificate: ({ socket }) => peerCertificate(socket),
    report,
  });
}

/**
 * Where clients send people to log in, the place that fits best first, because many clients know no other. Our own server
 * is no such place when there is nobody who could log in there.
 */
function loginServers(
  { identity, authorizationServer }: Settings,
  server: AuthorizationServer | undefined,
): readonly string[] {
  const foreign = identity.issuers.map(({ issuer }) => issuer);
  if (server === undefined) return foreign;
  // Identity assertions are redeemed here, and clients take the first server that is named.
  const takesAssertions = identity.issuers.some(({ identityAssertions }) => identityAssertions);
  if (authorizationServer.login === 'provider' || takesAssertions) return [server.issuer, ...foreign];
  return identity.owner.enabled ? [...foreign, server.issuer] : foreign;
}

function metadataOf(settings: Settings, server: AuthorizationServer | undefined): Callers['metadata'] {
  const { identity, listen } = settings;
  const authorizationServers = loginServers(settings, server);
  return (resource) =>
    protectedResourceMetadata({
      resource,
      authorizationServers,
      scopes: identity.scopes,
      name: 'Bartizan MCP gateway',
      proof: {
        dpop: true,
        certificates: listen.tls?.askClients === true,
        senderConstrained: identity.proof.senderConstrained,
      },
      ...(server && { authorizationDetailsTypes: ['mcp_task'] }),
    });
}
