import { ownerIssuer } from '../control/default-policy.ts';
import type { Settings } from '../control/settings.ts';
import { matchesAgent } from '../identity/agent-pattern.ts';
import { TokenFailure } from '../identity/failure.ts';
import { epochKeysIn } from '../identity/revocation/claim-keys.ts';
import { createAuthorizationServer } from '../identity/server/authorization-server.ts';
import type { GrantHandler } from '../identity/server/grant.ts';
import type { AgentRule, AuthorizationServer, ResourceInfo } from '../identity/server/options.ts';
import type { Signer } from '../identity/server/signer.ts';
import type { AccessTokenOptions } from '../identity/task/access-token.ts';
import type { TokenExchangeOptions } from '../identity/task/exchange-options.ts';
import { identityAssertionType } from '../identity/task/identity-assertion.ts';
import { createTokenExchange } from '../identity/task/token-exchange.ts';
import { createAssertionVerifier } from '../identity/task/verify-assertion.ts';
import { createJwtBearerGrant } from '../identity/task/workload-grant.ts';
import type { JsonObject } from '../model/json.ts';
import { peerCertificate } from '../transport/front/peer-certificate.ts';
import type { Lasting } from './generation.ts';
import { issuerOf } from './issuers.ts';
import type { People } from './people.ts';

/** What the authorization server of one configuration is made of, beside what lasts. */
export interface AuthorizationParts {
  readonly settings: Settings;
  readonly lasting: Lasting;
  readonly origin: string;
  readonly people: People;
  readonly verifySubject: TokenExchangeOptions['verifySubject'];
  readonly entitle: TokenExchangeOptions['entitle'];
}

/** The client id of the owner's own programs, which need no configuration. */
const localClient = 'local';

/** The authorization server with its grants. Rejects when the store cannot be reached or its keys cannot be unwrapped. */
export async function openAuthorization(parts: AuthorizationParts): Promise<AuthorizationServer> {
  const { settings, lasting, origin, people } = parts;
  const { identity: shared, clock, report } = lasting;
  const { workload, stores, kek, revocations } = shared;
  return await createAuthorizationServer({
    origin,
    documents: stores.documents,
    replay: stores.hot.replay,
    wrapKey: kek,
    clock,
    settings: settings.authorizationServer,
    agents: agentsOf(settings),
    resources: () => resourcesOf(settings, origin),
    grants: (signer) => [taskGrant(parts, signer), assertionGrant(parts, signer)],
    interactions: people.create,
    ...(workload && { verifyPeer: workload.verifyPeer, verifyJwtSvid: workload.verifyJwtSvid }),
    peerCertificate: ({ socket }) => peerCertificate(socket),
    nonce: settings.identity.proof.nonce,
    report,
    revocations: {
      revoke: (jti) => revocations.bump({ kind: 'token', id: jti }),
      revoked: isRevoked(revocations, `${origin}/as`),
    },
  });
}

/** Whether what was issued with some claims counts no more, by any epoch that it hangs on. */
function isRevoked(
  revocations: Lasting['identity']['revocations'],
  issuer: string,
): (claims: JsonObject) => boolean {
  return (claims) => {
    const { iat, iat_ms: ms } = claims;
    const issuedAt = typeof ms === 'number' ? ms : Number(iat) * 1000;
    return revocations.isRevoked(epochKeysIn(claims, issuer), issuedAt);
  };
}

/** The resources that tokens can be for: every virtual server, and all of them together. */
export function resourcesOf({ servers, identity }: Settings, origin: string): readonly ResourceInfo[] {
  const paths = ['/mcp', ...servers.map(({ id }) => `/mcp/${id}`)];
  return paths.map((path) => ({ resource: `${origin}${path}`, scopes: identity.scopes }));
}

function agentsOf({ agents, identity }: Settings): readonly AgentRule[] {
  if (!identity.owner.enabled || agents.some(({ id }) => id === localClient)) return agents;
  return [...agents, { id: localClient, authentication: ['none'] }];
}

function taskGrant(
  { settings, lasting, origin, ...parts }: AuthorizationParts,
  signer: Signer,
): GrantHandler {
  const { identity: shared, clock, report } = lasting;
  const { agents, tasks, identity } = settings;
  return createTokenExchange({
    agents,
    templates: tasks.templates,
    ...(identity.owner.enabled && { owner: { issuer: ownerIssuer, client: localClient } }),
    signer,
    ledger: shared.ledger,
    documents: shared.stores.documents,
    revocations: shared.revocations,
    clock,
    verifySubject: parts.verifySubject,
    entitle: parts.entitle,
    resources: () => resourcesOf(settings, origin).map(({ resource }) => resource),
    defaultSeconds: tasks.defaultSeconds,
    maxSeconds: tasks.maxSeconds,
    maxDepth: tasks.maxDepth,
    report,
  });
}

/** RFC 7523 grants: identity assertions of trusted providers, and the SVIDs of workloads that act for themselves. */
function assertionGrant({ settings, lasting, origin }: AuthorizationParts, signer: Signer): GrantHandler {
  const { identity: shared, clock } = lasting;
  const { workload, stores } = shared;
  const issuers = settings.identity.issuers.filter(({ identityAssertions }) => identityAssertions);
  const tokens: AccessTokenOptions = {
    signer,
    clock,
    resources: () => resourcesOf(settings, origin),
    seconds: settings.authorizationServer.accessTokenMinutes * 60,
    senderConstrained: settings.identity.proof.senderConstrained,
  };
  const verify = createAssertionVerifier({
    issuers: issuers.map(issuerOf),
    typ: identityAssertionType,
    clock,
  });
  return createJwtBearerGrant({
    identityAssertions: {
      ...tokens,
      verify,
      replay: stores.hot.replay,
      revoked: isRevoked(shared.revocations, `${origin}/as`),
    },
    ...(workload && {
      workloads: {
        ...tokens,
        verifySvid: async (token: string) =>
          firstGood(audiencesOf(signer), (audience) => workload.verifyJwtSvid(token, audience)),
        isKnown: (id) =>
          settings.agents.some(
            ({ id: pattern, authentication }) =>
              authentication.includes('jwt-svid') && matchesAgent(pattern, id),
          ),
      },
    }),
  });
}

function audiencesOf({ issuer }: Signer): readonly [string, string] {
  return [issuer, `${issuer}/token`];
}

/** The SVID may name the issuer or the token end point; the fault told is that of the first. */
function firstGood<T>(
  audiences: readonly [string, string],
  verify: (audience: string) => T | TokenFailure,
): T | TokenFailure {
  const first = verify(audiences[0]);
  if (!(first instanceof TokenFailure)) return first;
  const second = verify(audiences[1]);
  return second instanceof TokenFailure ? first : second;
}
