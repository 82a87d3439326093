import { epochKeysOf } from '../../model/epoch-keys.ts';
import type { JsonObject } from '../../model/json.ts';
import { objectMember, stringMember } from '../../model/json.ts';
import { parseSpiffeId } from '../../model/spiffe-id.ts';
import type { Agent, Subject } from '../../model/subject.ts';
import type { Task, TaskId } from '../../model/task.ts';
import { TokenFailure } from '../failure.ts';
import { type GrantClient, GrantError, type GrantHandler, type GrantRequest } from '../server/grant.ts';
import { templatesOf } from './agents.ts';
import type { TokenExchangeOptions } from './exchange-options.ts';
import {
  type ExchangeRequest,
  exchangeParameters,
  malformed,
  type PresentedToken,
  readExchange,
} from './exchange-request.ts';
import { entitledTask, type Grant, issueTask } from './grant-task.ts';
import { planTask } from './plan-task.ts';

/** RFC 8693 section 2.1. */
const tokenExchangeType = 'urn:ietf:params:oauth:grant-type:token-exchange';

/**
 * Grants tasks by token exchange (RFC 8693): who the user is says the subject token, who the agent is its client
 * authentication or the actor token, what is asked `authorization_details` (RFC 9396) or the name of a template. Granted
 * is what user, agent, request and policy have in common, bound to the fresh key of the sender. A subject token that is a
 * task's own is a delegation: the child lies within its parent and ends with it.
 */
export function createTokenExchange(options: TokenExchangeOptions): GrantHandler {
  return {
    type: tokenExchangeType,
    parameters: exchangeParameters,
    reports: true,
    grant: async (request) => {
      try {
        return await exchange(options, request);
      } catch (fault) {
        if (fault instanceof GrantError) {
          const { code, description } = fault;
          options.report('task refused', {
            agent: request.client?.id ?? '',
            code,
            description,
            peer: request.peer,
          });
        }
        throw fault;
      }
    },
  };
}

async function exchange(options: TokenExchangeOptions, request: GrantRequest): Promise<JsonObject> {
  const askedAt = options.clock.now();
  const asked = readExchange(request, options.resources());
  if (options.revocations.stale()) {
    throw new GrantError(
      'temporarily_unavailable',
      'revocations cannot be looked up at the moment; try again',
    );
  }
  const user = await verified(options, asked.subject, 'subject_token');
  const client = await actorOf(options, asked);
  checkHolder(user, client);
  checkTargets(options, user, asked.resources);
  const planned = { ...plannedGrant(options, asked, user, client), askedAt };
  const grant = { ...planned, task: await entitledTask(options, planned) };
  const answer = await issueTask(options, grant);
  options.report('task granted', factsFor(grant));
  return answer;
}

async function verified(
  options: TokenExchangeOptions,
  { token, type }: PresentedToken,
  name: string,
): Promise<Subject> {
  const found = await options.verifySubject(token, type);
  if (found instanceof TokenFailure) {
    const reason = found.reason ?? 'it is not a valid token of a trusted issuer';
    if (found.unreachable) throw new GrantError('temporarily_unavailable', `\`${name}\`: ${reason}`);
    throw new GrantError('invalid_grant', `\`${name}\`: ${reason}`);
  }
  if (options.revocations.isRevoked(epochKeysOf(found), found.issuedAt)) {
    throw new GrantError('invalid_grant', `\`${name}\`: it or what it hangs on has been revoked`);
  }
  if (options.clock.now() >= found.expiresAt)
    throw new GrantError('invalid_grant', `\`${name}\` has expired`);
  return found;
}

/** Who asks: the client that authenticated itself, or the agent of the actor token. Both must be the same if both are there. */
async function actorOf(
  options: TokenExchangeOptions,
  { client, actor }: ExchangeRequest,
): Promise<GrantClient> {
  if (actor === undefined) {
    if (client !== undefined) return client;
    throw new GrantError('invalid_client', 'authenticate as the agent, or send its `actor_token`');
  }
  const { agent, user } = await verified(options, actor, 'actor_token');
  if (user.claims['cnf'] !== undefined) {
    throw malformed('`actor_token` is bound to another key; authenticate as the client instead');
  }
  if (client !== undefined && client.id !== agent.id) {
    throw malformed('`actor_token` is of another agent than the client that authenticated itself');
  }
  // A bearer token proves a workload when it is its SVID; any other agent has to authenticate itself.
  const authentication = parseSpiffeId(agent.id) === undefined ? 'none' : 'jwt-svid';
  return client ?? { id: agent.id, authentication };
}

const proven: ReadonlySet<string> = new Set(['x509-svid', 'jwt-svid', 'private_key_jwt', 'secret']);

/**
 * A client that did not prove who it is gets no more by an exchange than the token is worth by itself: the token must have
 * been issued to it, and be bound to no key, because the key is not shown here. `may_act` (RFC 8693 section 4.4) counts
 * for everybody.
 */
function checkHolder({ user: { claims }, agent }: Subject, client: GrantClient): void {
  const allowed = stringMember(objectMember(claims, 'may_act'), 'sub');
  if (claims['may_act'] !== undefined && allowed !== client.id) {
    throw new GrantError('invalid_grant', '`may_act` of the subject token names another agent');
  }
  if (proven.has(client.authentication)) return;
  if (claims['cnf'] !== undefined) {
    throw new GrantError(
      'invalid_grant',
      'the subject token is bound to a key, so only a client that authenticates itself can exchange it',
    );
  }
  if (agent.id !== client.id) {
    throw new GrantError(
      'invalid_grant',
      'the subject token was issued to another client; a client that does not authenticate itself can exchange only its own',
    );
  }
}

/**
 * What a token is exchanged for is good nowhere that the token itself is not (RFC 8707 section 2.2). One of another issuer
 * that names resources of ours is held to them; one for an audience that the operator agreed with it is good everywhere.
 */
function checkTargets(
  options: TokenExchangeOptions,
  { user: { claims } }: Subject,
  resources: readonly string[],
): void {
  const audiences = goodAt(options, claims);
  if (audiences === undefined) return;
  const outside = resources.find((resource) => !audiences.some((audience) => isAt(resource, audience)));
  if (outside === undefined) return;
  throw new GrantError(
    'invalid_target',
    `the subject token is not good for ${outside}; name \`resource\` within ${audiences.map(String).join(', ')}`,
  );
}

function goodAt(
  { signer, owner, resources }: TokenExchangeOptions,
  { iss, aud }: JsonObject,
): readonly unknown[] | undefined {
  const audiences = Array.isArray(aud) ? (aud as readonly unknown[]) : [aud];
  if (iss === signer.issuer || iss === owner?.issuer) return audiences;
  const known: readonly unknown[] = resources();
  const named = audiences.filter((audience) => known.includes(audience));
  return named.length > 0 ? named : undefined;
}

function isAt(resource: string, audience: unknown): boolean {
  return typeof audience === 'string' && (resource === audience || resource.startsWith(`${audience}/`));
}

function plannedGrant(
  options: TokenExchangeOptions,
  { request, template, resources, binding, peer }: ExchangeRequest,
  user: Subject,
  client: GrantClient,
): Omit<Grant, 'askedAt'> {
  const { clock, defaultSeconds, maxSeconds } = options;
  const parent = user.task?.implicit === true ? undefined : user.task;
  const ancestors = ancestorsOf(parent, options.maxDepth);
  const plan = planTask({
    request,
    template,
    templates: templatesOf(options, client, user.user),
    parent,
    now: clock.now(),
    subjectExpiresAt: user.expiresAt,
    defaultSeconds,
    maxSeconds,
  });
  const { permissions, budget, purpose, notAfter } = plan;
  return {
    user,
    agent: parent === undefined ? { id: client.id } : actingFor(client.id, user.agent),
    task: {
      id: clock.uuid() as TaskId,
      ancestors,
      ...(purpose !== undefined && { purpose }),
      permissions,
      budget,
      notAfter,
    },
    template: plan.template,
    resources,
    binding,
    peer,
  };
}

function ancestorsOf(parent: Task | undefined, maxDepth: number): readonly TaskId[] {
  if (parent === undefined) return [];
  const ancestors = [...parent.ancestors, parent.id];
  if (ancestors.length <= maxDepth) return ancestors;
  throw new GrantError(
    'invalid_grant',
    `a task can be handed on ${maxDepth} times, and this one was; do the work itself`,
  );
}

function actingFor(id: string, { id: nearest, actsFor = [] }: Agent): Agent {
  return { id, actsFor: [nearest, ...actsFor] };
}

function factsFor({
  user: { user },
  agent,
  task,
  template,
  resources,
}: Grant): Readonly<Record<string, string>> {
  const { id, ancestors, purpose, permissions, budget, notAfter } = task;
  const parent = ancestors.at(-1);
  return {
    task: id,
    user: user.subject,
    issuer: user.issuer,
    agent: agent.id,
    template,
    ...(purpose !== undefined && { purpose }),
    ...(parent !== undefined && { parent }),
    resources: resources.join(' '),
    actions: permissions
      .flatMap(({ actions }) => actions)
      .slice(0, 50)
      .join(' '),
    budget: JSON.stringify(budget),
    until: new Date(notAfter).toISOString(),
  };
}
