import type { Task, TaskBudget, TaskPermission } from '../../model/task.ts';
import { matchesAction } from '../../model/task-cover.ts';
import { intersect, isWithin, outsideOf, smallerBudget } from '../../model/task-narrow.ts';
import { GrantError } from '../server/grant.ts';
import type { OwnTemplates } from './agents.ts';
import { type TaskRequest, unfit } from './task-request.ts';
import { budgetOf, permissionOf, type TaskTemplate } from './template.ts';

/** What is to be granted as far as request, agent and parent go; the policy has not been asked yet. */
export interface TaskPlan {
  readonly template: string;
  readonly permissions: readonly TaskPermission[];
  readonly budget: TaskBudget;
  readonly purpose?: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

/** What a plan is made from. */
export interface PlanInput {
  readonly request: TaskRequest | undefined;
  /** The name of a template, where the client asks for one. */
  readonly template: string | undefined;
  readonly templates: OwnTemplates;
  readonly parent: Task | undefined;
  readonly now: number;
  /** When the token ends that the task is asked with; the task never outlives it. */
  readonly subjectExpiresAt: number;
  readonly defaultSeconds: number;
  readonly maxSeconds: number;
}

/**
 * Intersects what is asked with what the agent may have and with the parent. A request is cut down to the template of the
 * agent; one that is wider than its parent is refused, never cut down (RFC 8693 has no word for it; a delegation that
 * asks for too much is a fault of its sender).
 */
export function planTask(input: PlanInput): TaskPlan {
  const { request, parent } = input;
  const asked = parent === undefined ? request?.permissions : delegated(request, parent);
  const [name, template] = chosen(input, asked);
  const permissions =
    asked === undefined ? [permissionOf(template)] : intersect(asked, [permissionOf(template)]);
  if (permissions.length === 0) {
    throw new GrantError(
      'invalid_scope',
      `template \`${name}\` allows none of that; it allows ${template.actions.slice(0, 20).join(', ')}`,
    );
  }
  const purpose = request?.purpose ?? template.purpose ?? parent?.purpose;
  const ceiling = smallerBudget(budgetOf(template), parent?.budget ?? {});
  return {
    template: name,
    permissions,
    budget: smallerBudget(request?.budget ?? {}, ceiling),
    ...(purpose !== undefined && { purpose }),
    notAfter: endOf(input, template),
  };
}

/** The permissions that a child asks for: those of its parent unless it says fewer. Pins of the parent are taken over. */
function delegated(request: TaskRequest | undefined, parent: Task): readonly TaskPermission[] {
  if (request === undefined) return parent.permissions;
  const { permissions, budget, notAfter } = request;
  const asked = permissions.map((permission) => withPins(permission, parent.permissions));
  const wider = outsideOf(asked, parent.permissions);
  if (wider.length > 0) {
    throw unfit(
      `the task that this one is delegated from does not hold ${wider.slice(0, 10).join(', ')} as asked; ask for ` +
        'actions that it holds, with at least its constraints and with its tool digests',
    );
  }
  if (!isWithin({ ...parent.budget, ...budget }, parent.budget)) {
    throw unfit('the budget is larger than that of the task that this one is delegated from; ask for less');
  }
  if (notAfter !== undefined && notAfter > parent.notAfter) {
    throw unfit('`not_after` is later than that of the task that this one is delegated from; ask for less');
  }
  return asked;
}

function withPins(permission: TaskPermission, parents: readonly TaskPermission[]): TaskPermission {
  const inherited = parents.flatMap(({ digests = {} }) =>
    Object.entries(digests).filter(([action]) =>
      permission.actions.some((one) => matchesAction(one, action)),
    ),
  );
  if (inherited.length === 0) return permission;
  return { ...permission, digests: { ...Object.fromEntries(inherited), ...permission.digests } };
}

/** The template that was named; else the first one that holds all that is asked, or else some of it. */
function chosen(
  { template: name, templates }: PlanInput,
  asked: readonly TaskPermission[] | undefined,
): readonly [string, TaskTemplate] {
  const all = [...templates];
  if (name !== undefined) return named(name, templates);
  const [first] = all;
  if (first === undefined || (asked === undefined && all.length > 1)) {
    throw new GrantError(
      'invalid_request',
      `say what the task is for: \`authorization_details\`, or \`template\` with one of ${[...templates.keys()].join(', ')}`,
    );
  }
  if (asked === undefined) return first;
  const holdsAll = all.find(([, one]) => outsideOf(asked, [permissionOf(one)]).length === 0);
  return holdsAll ?? all.find(([, one]) => intersect(asked, [permissionOf(one)]).length > 0) ?? first;
}

function named(name: string, templates: OwnTemplates): readonly [string, TaskTemplate] {
  const template = templates.get(name);
  if (template !== undefined) return [name, template];
  throw new GrantError(
    'invalid_scope',
    `this agent has no template of that name; it has ${[...templates.keys()].join(', ')}`,
  );
}

function endOf(input: PlanInput, template: TaskTemplate): number {
  const { request, parent, now, subjectExpiresAt, defaultSeconds, maxSeconds } = input;
  const most = Math.min(template.seconds ?? maxSeconds, maxSeconds);
  const asked = request?.notAfter ?? now + Math.min(defaultSeconds, most) * 1000;
  if (asked <= now) throw unfit('`not_after` has passed; it is in seconds since 1970');
  const end = Math.min(asked, now + most * 1000, subjectExpiresAt, parent?.notAfter ?? Infinity);
  // Tokens speak of whole seconds (RFC 7519 section 2), and a task ends with its token.
  const whole = Math.floor(end / 1000) * 1000;
  if (whole > now) return whole;
  throw new GrantError('invalid_grant', 'the subject token ends too soon; ask again with a fresh one');
}
