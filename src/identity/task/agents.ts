import type { Subject } from '../../model/subject.ts';
import { matchesAgent } from '../agent-pattern.ts';
import { type GrantClient, GrantError } from '../server/grant.ts';
import { defaultTemplate, type TaskTemplate } from './template.ts';

/** What the operator says of an agent and its tasks. The first entry whose id matches counts. */
export interface AgentProfile {
  /** A SPIFFE ID or a client id; `*` as last path segment stands for any rest. */
  readonly id: string;
  readonly authentication: readonly string[];
  /** The most any of its tasks may have, by name. Empty: it gets no tasks. */
  readonly templates: readonly string[];
}

/** The owner of a gateway on one machine, whose client needs no configuration. */
export interface LocalOwner {
  /** The `iss` of the owner's tokens. */
  readonly issuer: string;
  /** The client id of programs of the owner. */
  readonly client: string;
}

/** Who may have tasks, and which. */
export interface AgentRules {
  readonly agents: readonly AgentProfile[];
  readonly templates: Readonly<Record<string, TaskTemplate>>;
  readonly owner?: LocalOwner;
}

/** The templates of one agent, by name. */
export type OwnTemplates = ReadonlyMap<string, TaskTemplate>;

/** What an agent may have for a user at most. Throws `unauthorized_client` where it gets no tasks at all. */
export function templatesOf(rules: AgentRules, agent: GrantClient, user: Subject['user']): OwnTemplates {
  const profile =
    rules.agents.find(({ id }) => matchesAgent(id, agent.id)) ?? localProfile(rules, agent, user);
  if (profile === undefined) {
    throw new GrantError(
      'unauthorized_client',
      'this agent gets no tasks; the operator must enter it under `agents` with `templates`',
    );
  }
  if (!isAllowedWay(profile, agent)) {
    throw new GrantError(
      'unauthorized_client',
      `this agent must authenticate by ${profile.authentication.join(' or ')}`,
    );
  }
  const known = knownTemplates(rules);
  const own = profile.templates.flatMap((name) => {
    const template = known.get(name);
    return template === undefined ? [] : [[name, template] as const];
  });
  if (own.length > 0) return new Map(own);
  throw new GrantError('unauthorized_client', 'the operator has given this agent no `templates` for tasks');
}

function knownTemplates({ templates }: AgentRules): OwnTemplates {
  const configured = Object.entries(templates);
  return new Map(configured.length > 0 ? configured : [['default', defaultTemplate]]);
}

/** On one machine the owner's own programs may have whatever the owner has configured, or else the default. */
function localProfile(
  rules: AgentRules,
  { id, authentication }: GrantClient,
  user: Subject['user'],
): AgentProfile | undefined {
  const { owner } = rules;
  if (owner === undefined || owner.client !== id || owner.issuer !== user.issuer) return undefined;
  return { id, authentication: [authentication], templates: [...knownTemplates(rules).keys()] };
}

/** A shared secret is given to clients that the operator registered; agents have no such entry. */
function isAllowedWay({ authentication: ways }: AgentProfile, { authentication }: GrantClient): boolean {
  return ways.includes(authentication) || authentication === 'secret';
}
