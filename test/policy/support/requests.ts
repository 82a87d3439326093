import type { AccessRequest } from '../../../src/model/decision.ts';
import { parseServerId, type ServerId } from '../../../src/model/server-id.ts';
import { principalKey, type User } from '../../../src/model/subject.ts';

/** What a case changes of the request that the mission's policy permits. */
export interface Changes {
  readonly instant?: string;
  readonly agent?: string;
  readonly roles?: readonly string[];
  readonly managed?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  readonly args?: AccessRequest['args'];
  readonly tool?: string;
  readonly resource?: string;
  readonly peer?: string;
  readonly user?: Partial<User>;
  readonly open?: true;
  readonly method?: string;
}

/** The server id of a text. */
export function serverId(text: string): ServerId {
  const id = parseServerId(text);
  if (id === undefined) throw new Error(`${text} is no server id`);
  return id;
}

/** A request like the one in the mission's sentence, with changes. */
export function request(changes: Changes = {}): AccessRequest {
  const { tool = 'create_pr', method = 'tools/call' } = changes;
  const agent = { id: changes.agent ?? 'spiffe://company.com/agent/code-refactor' };
  const user: User = {
    issuer: 'https://id.company.com',
    subject: 'ada',
    roles: changes.roles ?? ['developer'],
    groups: ['platform'],
    claims: {},
    ...changes.user,
  };
  return {
    subject: {
      user,
      agent,
      device: { managed: changes.managed ?? true },
      scopes: ['mcp'],
      expiresAt: 0,
      issuedAt: 0,
      principal: principalKey(user, agent),
    },
    action: { id: `github:${method === 'tools/call' ? tool : method}`, method },
    resource: {
      primitive: { server: serverId('github'), kind: 'tool', name: tool },
      id: changes.resource ?? 'github:acme/blue-app',
      tags: changes.tags ?? { project: 'blue' },
      ...(changes.open === undefined ? {} : { open: changes.open }),
    },
    environment: {
      instant: Date.parse(changes.instant ?? '2026-06-10T10:00:00Z'),
      peer: changes.peer ?? '192.0.2.7',
    },
    args: 'args' in changes ? changes.args : { title: 'rename a module' },
  };
}
