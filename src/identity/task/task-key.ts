import { hash } from 'node:crypto';
import type { TaskId } from '../../model/task.ts';
import type { Documents, StoredDocument, TaskLedger } from '../../pipeline/store-ports.ts';
import { GrantError, type KeyBinding } from '../server/grant.ts';
import { keyName } from './sender.ts';

const kind = 'task-key';

/** Where it is known which key bound which task. */
export interface TaskKeys {
  readonly documents: Documents;
  readonly ledger: Pick<TaskLedger, 'state'>;
  readonly clock: { readonly now: () => number };
}

/**
 * Takes a key for a task, as one atomic step over all replicas. Throws when it bound another task that still lives: a key
 * that is taken over again would carry what one task may do into another one.
 */
export async function takeKey(
  keys: TaskKeys,
  binding: KeyBinding,
  task: TaskId,
  notAfter: number,
): Promise<void> {
  const { documents } = keys;
  const id = idOf(binding);
  const document = { value: { task }, expiresAt: notAfter };
  if ((await documents.put(kind, id, document, 'absent')) !== 'conflict') return;
  const before = await documents.get(kind, id);
  if (before !== undefined && (await isAlive(keys, before))) throw reused();
  if ((await documents.put(kind, id, document, before?.version ?? 'absent')) === 'conflict') throw reused();
}

/** Gives a key free whose task was not opened after all. */
export async function freeKey({ documents }: TaskKeys, binding: KeyBinding): Promise<void> {
  await documents.remove(kind, idOf(binding));
}

async function isAlive({ ledger, clock }: TaskKeys, { value }: StoredDocument): Promise<boolean> {
  const state = await ledger.state(String(value['task']) as TaskId);
  return state !== undefined && !state.ended && clock.now() <= state.notAfter;
}

function idOf(binding: KeyBinding): string {
  return hash('sha256', keyName(binding), 'base64url');
}

function reused(): GrantError {
  return new GrantError(
    'invalid_request',
    'this key is bound to another task that has not ended; make a fresh key for each task, or end that task first',
  );
}
