import type { JsonObject } from '../../model/json.ts';
import { type Agent, principalKey, type Subject } from '../../model/subject.ts';
import type { Task, TaskPermission } from '../../model/task.ts';
import { matchesAction } from '../../model/task-cover.ts';
import { GrantError, type KeyBinding } from '../server/grant.ts';
import type { Entitled, TokenExchangeOptions } from './exchange-options.ts';
import { actorClaim, factsOf, tokenType, userClaims } from './sender.ts';
import { taskDetails } from './task-details.ts';
import { freeKey, takeKey } from './task-key.ts';
import { type GrantedTask, taskKind, taskRecord } from './task-record.ts';
import { unfit } from './task-request.ts';

/** What is about to be granted. */
export interface Grant {
  /** Who the user is, as the subject token says. */
  readonly user: Subject;
  readonly agent: Agent;
  readonly task: Task;
  readonly template: string;
  readonly resources: readonly string[];
  readonly binding: KeyBinding;
  /** Where it is asked from. */
  readonly peer: string;
  /**
   * When it was asked for, in milliseconds since the epoch. INVARIANT: before anything was verified, so that a revocation
   * that comes while the lists of upstreams are waited for counts for the token as well.
   */
  readonly askedAt: number;
}

/** The subject that will use the task: lists that are fetched for it now are warm for its first call. */
function subjectOf({ user: { user, device, scopes }, agent, task, binding }: Grant, now: number): Subject {
  return {
    user,
    agent,
    device,
    scopes,
    task,
    proof: 'jkt' in binding ? 'dpop' : 'certificate',
    issuedAt: now,
    expiresAt: task.notAfter,
    principal: principalKey(user, agent, task),
  };
}

/** Asks the policy, and pins the tools that are left. Throws `access_denied` when nothing is. */
export async function entitledTask(options: TokenExchangeOptions, grant: Grant): Promise<Task> {
  const { task } = grant;
  const patterns = [...new Set(task.permissions.flatMap(({ actions }) => actions))];
  const entitled = await options.entitle(subjectOf(grant, grant.askedAt), patterns, grant.peer);
  const permissions = task.permissions.flatMap((permission) => pinned(permission, entitled));
  if (permissions.length > 0) return withinToken({ ...task, permissions }, task);
  throw new GrantError(
    'access_denied',
    `nothing is left of ${patterns.slice(0, 10).join(', ')}: the policy permits none of it to this user and agent, or ` +
      'the servers do not offer it or cannot be reached',
  );
}

function pinned(permission: TaskPermission, entitled: readonly Entitled[]): readonly TaskPermission[] {
  const { actions: patterns, constraints, digests: asked = {} } = permission;
  const left = entitled.filter(({ action }) => patterns.some((pattern) => matchesAction(pattern, action)));
  if (left.length === 0) return [];
  const digests = Object.fromEntries(
    left.flatMap(({ action, digest }): [string, string][] => {
      const expected = Object.hasOwn(asked, action) ? asked[action] : undefined;
      if (expected !== undefined && expected !== digest) throw changed(action);
      return digest === undefined ? [] : [[action, digest]];
    }),
  );
  return [
    {
      actions: left.map(({ action }) => action),
      ...(Object.keys(digests).length > 0 && { digests }),
      ...(constraints && { constraints }),
    },
  ];
}

function changed(action: string): GrantError {
  return unfit(
    `the tool \`${action}\` has another definition than its \`tool_digests\` entry says; look at it again, and leave the ` +
      'digest out to take it as it is now',
  );
}

/** A token travels in a header, and servers take 16 KiB of headers in all. */
const mostDetails = 7_000;

/**
 * Tools by the hundred do not fit into a token. Where they were asked for by pattern, the pattern is granted without pins,
 * and the policy decides each call as always; where they were asked for one by one, the client can ask for fewer.
 */
function withinToken(task: Task, plan: Task): Task {
  if (sizeOf(task) <= mostDetails) return task;
  if (sizeOf(plan) <= mostDetails && plan.permissions.some(({ actions }) => actions.some(isPattern))) {
    return { ...task, permissions: plan.permissions };
  }
  throw unfit(
    'that are more tools than fit into a token; ask for fewer, or for a pattern such as `github:*`',
  );
}

function sizeOf(task: Task): number {
  return JSON.stringify(taskDetails(task)).length;
}

function isPattern(action: string): boolean {
  return action.endsWith('*');
}

/** Opens the task, records it and signs its token. Throws, with nothing left behind, when that cannot be. */
export async function issueTask(options: TokenExchangeOptions, grant: Grant): Promise<JsonObject> {
  const { ledger, documents, clock, keepMs = 3_600_000 } = options;
  const { task, binding, template, resources, askedAt: grantedAt } = grant;
  await takeKey(options, binding, task.id, task.notAfter);
  const opened = await ledger.open({
    task: task.id,
    ancestors: task.ancestors,
    budget: task.budget,
    notAfter: task.notAfter,
  });
  if (opened !== 'opened') {
    await freeKey(options, binding);
    throw new GrantError('invalid_grant', 'the task that this one is delegated from has ended');
  }
  try {
    const granted: GrantedTask = {
      subject: subjectOf(grant, grantedAt),
      task,
      template,
      resources,
      grantedAt,
    };
    await documents.put(taskKind, task.id, taskRecord(granted, keepMs), 'absent');
    return await answer(options, grant);
  } catch (fault) {
    await ledger.end(task.id, clock.now());
    await freeKey(options, binding);
    throw fault;
  }
}

/** RFC 8693 section 2.2.1 and RFC 9396 section 7. */
async function answer(options: TokenExchangeOptions, grant: Grant): Promise<JsonObject> {
  const { task, binding } = grant;
  const claims = taskClaims(options, grant);
  return {
    access_token: await options.signer.sign('at+jwt', claims),
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: tokenType(binding),
    expires_in: Math.max(0, Math.floor((task.notAfter - options.clock.now()) / 1000)),
    ...(claims['scope'] !== undefined && { scope: claims['scope'] }),
    authorization_details: taskDetails(task),
    txn: task.id,
  };
}

function taskClaims({ signer, clock }: TokenExchangeOptions, grant: Grant): JsonObject {
  const { user, agent, task, resources, binding, askedAt } = grant;
  const seconds = Math.floor(askedAt / 1000);
  return {
    iss: signer.issuer,
    aud: resources.length === 1 ? resources[0] : resources,
    ...userClaims(user.user, signer.issuer),
    client_id: agent.id,
    act: actorClaim(agent),
    jti: clock.uuid(),
    iat: seconds,
    iat_ms: askedAt,
    nbf: seconds,
    exp: task.notAfter / 1000,
    ...factsOf(user),
    txn: task.id,
    authorization_details: taskDetails(task),
    ...(task.ancestors.length > 0 && { task_ancestors: task.ancestors }),
    cnf: binding,
  };
}
