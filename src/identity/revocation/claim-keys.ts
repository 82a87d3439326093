import { epochKeysOf } from '../../model/epoch-keys.ts';
import { arrayMember, type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import type { TaskId } from '../../model/task.ts';
import type { EpochKey } from '../../pipeline/store-ports.ts';
import { originalUser } from '../original-user.ts';

/** How deep actors are looked for; our own tokens nest far less. */
const mostActors = 32;

/** The epochs that end what was issued with these claims by our own authorization server, whose issuer this is. */
export function epochKeysIn(claims: JsonObject, issuer: string): readonly EpochKey[] {
  const user = originalUser(claims) ?? { issuer, subject: stringMember(claims, 'sub') ?? '' };
  const [tokenId, task] = [stringMember(claims, 'jti'), stringMember(claims, 'txn')];
  const device = stringMember(objectMember(claims, 'device'), 'id');
  const [agent = '', ...actsFor] = agentsIn(claims);
  return epochKeysOf({
    user: { ...user, roles: [], groups: [], claims },
    agent: { id: agent, actsFor },
    device: { managed: false, ...(device !== undefined && { id: device }) },
    ...(tokenId !== undefined && { tokenId }),
    ...(task !== undefined && { task: taskOf(task, claims) }),
  });
}

function agentsIn(claims: JsonObject): readonly string[] {
  const found = [stringMember(claims, 'client_id')];
  let actor = objectMember(claims, 'act');
  for (let depth = 0; actor !== undefined && depth < mostActors; depth++) {
    found.push(stringMember(actor, 'sub'));
    actor = objectMember(actor, 'act');
  }
  return [...new Set(found.filter((id) => id !== undefined))];
}

function taskOf(id: string, claims: JsonObject): NonNullable<Parameters<typeof epochKeysOf>[0]['task']> {
  const above = (arrayMember(claims, 'task_ancestors') ?? []).filter((one) => typeof one === 'string');
  return {
    id: id as TaskId,
    ancestors: above as readonly string[] as readonly TaskId[],
    permissions: [],
    budget: {},
    notAfter: 0,
  };
}
