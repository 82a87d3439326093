import { userKey } from '../../model/epoch-keys.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { TaskId } from '../../model/task.ts';
import type { StoredDocument } from '../../pipeline/store-ports.ts';
import { type PageAnswer, pageError } from './task-page-answer.ts';
import { isTaskToken, type PageRequest } from './task-page-request.ts';
import { taskKind } from './task-record.ts';

/** More tasks are not looked through for one list. */
const mostRead = 1_000;
const mostListed = 200;
const usuallyListed = 50;

/** `GET /tasks?limit=&state=`: the newest first. `more` says that there are others. */
export async function listTasks(page: PageRequest): Promise<PageAnswer> {
  const limit = Number(page.query.get('limit') ?? usuallyListed);
  const state = page.query.get('state');
  if (!Number.isInteger(limit) || limit < 1 || limit > mostListed) {
    return pageError(400, 'invalid_params', '`limit` is out of bounds', `send 1 to ${mostListed}`);
  }
  if (state !== null && !['living', 'ended', 'expired'].includes(state)) {
    return pageError(400, 'invalid_params', '`state` is not known', 'send `living`, `ended` or `expired`');
  }
  const found = await readable(page);
  const views = found.toReversed().map((document) => viewOf(page, document));
  const wanted = views.filter((view) => state === null || view['state'] === state);
  const more = wanted.length > limit || found.length >= mostRead;
  return { status: 200, body: { tasks: wanted.slice(0, limit), more } };
}

/** `GET /tasks/<id>`: with what is left of its budget. */
export async function showTask(page: PageRequest, id: string): Promise<PageAnswer> {
  const document = await findTask(page, id);
  if (document === undefined) return unknown();
  const state = await page.options.ledger.state(id as TaskId);
  return { status: 200, body: { ...viewOf(page, document), ...(state && { left: { ...state.left } }) } };
}

/** `DELETE /tasks/<id>`: by its holder it is completed, by anybody else revoked. */
export async function endTask(page: PageRequest, id: string): Promise<PageAnswer> {
  const document = await findTask(page, id);
  if (document === undefined) return unknown();
  const { subject, options } = page;
  const how = subject.task?.id === id ? 'completed' : 'revoked';
  const ended = await options.end(id as TaskId, how, `${subject.user.subject} by ${subject.agent.id}`);
  return { status: 200, body: { ended } };
}

async function readable(page: PageRequest): Promise<readonly StoredDocument[]> {
  const { options, subject, operator } = page;
  if (operator) return options.documents.find(taskKind, { limit: mostRead });
  const index = { name: 'user', value: userKey(subject.user).id };
  const found = await options.documents.find(taskKind, { index, limit: mostRead });
  return found.filter((document) => mayUse(page, document));
}

/** INVARIANT: a task that the caller may not see and one that does not exist get the same answer. */
async function findTask(page: PageRequest, id: string): Promise<StoredDocument | undefined> {
  const document = await page.options.documents.get(taskKind, id);
  return document !== undefined && mayUse(page, document) ? document : undefined;
}

function mayUse({ subject, operator }: PageRequest, { id, value, indexes }: StoredDocument): boolean {
  if (operator) return true;
  if (indexes?.['user'] !== userKey(subject.user).id) return false;
  if (!isTaskToken(subject)) return true;
  const { ancestors } = value;
  return id === subject.task?.id || (Array.isArray(ancestors) && ancestors.includes(subject.task?.id));
}

function unknown(): PageAnswer {
  return pageError(
    404,
    'endpoint_unknown',
    'there is no such task for this caller',
    'look at `GET /tasks`; tasks are forgotten a while after their end',
  );
}

function viewOf({ options }: PageRequest, { id, value }: StoredDocument): JsonObject {
  return { id, ...value, state: stateOf(options, id, value) };
}

function stateOf(
  { clock, revocations }: PageRequest['options'],
  id: string,
  { ended, not_after: end, ancestors }: JsonObject,
): 'living' | 'ended' | 'expired' {
  if (isJsonObject(ended)) return 'ended';
  const above = Array.isArray(ancestors) ? ancestors.map(String) : [];
  const keys = [id, ...above].map((task) => ({ kind: 'task', id: task }) as const);
  if (revocations.isRevoked(keys, 0)) return 'ended';
  return clock.now() >= Number(end) ? 'expired' : 'living';
}
