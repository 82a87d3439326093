import type { IncomingMessage } from 'node:http';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { TaskId } from '../../model/task.ts';
import type { EpochKey } from '../../pipeline/store-ports.ts';
import { hasDuplicateMembers } from '../json-members.ts';
import { type PageAnswer, pageError } from './task-page-answer.ts';
import type { PageRequest } from './task-page-request.ts';

const mostBytes = 8_192;
const longestId = 2_048;
const kinds: readonly string[] = [
  'user',
  'agent',
  'device',
  'task',
  'token',
] satisfies readonly EpochKey['kind'][];

/**
 * `POST /revocations` with `{ "kind": "user", "id": "<issuer> <subject>" }`: whatever was issued until now for that user,
 * agent, device, task or token counts no more, on any replica. For operators alone.
 */
export async function revoke({ options, subject, operator, request }: PageRequest): Promise<PageAnswer> {
  if (!operator) {
    options.report('task page refused', {
      method: 'POST',
      code: 'scope_insufficient',
      detail: 'only operators may revoke',
      user: subject.user.subject,
      agent: subject.agent.id,
      peer: request.socket.remoteAddress ?? '',
    });
    return pageError(
      403,
      'scope_insufficient',
      'only operators may revoke',
      'use a token of your own with a role that the operator has named, and that is no task token',
    );
  }
  const key = keyIn(await bodyOf(request));
  if (key === undefined) {
    return pageError(
      400,
      'invalid_request',
      'the body does not say what to revoke',
      `send JSON: \`kind\` is one of ${kinds.join(', ')}, \`id\` a text; a user is \`<issuer> <subject>\``,
    );
  }
  await options.revocations.bump(key);
  const by = `${subject.user.subject} by ${subject.agent.id}`;
  const ended = key.kind === 'task' ? await options.end(key.id as TaskId, 'revoked', by) : [];
  options.report('access revoked', { kind: key.kind, id: key.id, by });
  return { status: 200, body: { revoked: { ...key }, ended } };
}

function keyIn(body: JsonObject | undefined): EpochKey | undefined {
  const { kind, id, ...rest } = body ?? {};
  if (typeof kind !== 'string' || !kinds.includes(kind) || Object.keys(rest).length > 0) return undefined;
  if (typeof id !== 'string' || id === '' || id.length > longestId) return undefined;
  if (kind === 'user' && !/^\S+ \S/.test(id)) return undefined;
  return { kind: kind as EpochKey['kind'], id };
}

/** Undefined for what is no JSON object of a bearable size. */
async function bodyOf(request: IncomingMessage): Promise<JsonObject | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.byteLength;
    if (size > mostBytes) return undefined;
    chunks.push(bytes);
  }
  try {
    const text = Buffer.concat(chunks).toString('utf8');
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) && !hasDuplicateMembers(text) ? value : undefined;
  } catch {
    return undefined;
  }
}
