import type { Subject } from './subject.ts';

/** Whose revocation epoch: a user (`<issuer> <subject>`), an agent, a device, a task, or one token (`jti`). */
export interface EpochKey {
  readonly kind: 'user' | 'agent' | 'device' | 'task' | 'token';
  readonly id: string;
}

/**
 * The epochs that end what a subject may do: its user, its agent and those it acts for, its device, its token, its task
 * and those it was delegated from.
 */
export function epochKeysOf({
  user,
  agent,
  device,
  task,
  tokenId,
}: Pick<Subject, 'user' | 'agent' | 'device' | 'task' | 'tokenId'>): readonly EpochKey[] {
  const keys: EpochKey[] = [userKey(user)];
  for (const id of [agent.id, ...(agent.actsFor ?? [])]) keys.push({ kind: 'agent', id });
  if (device.id !== undefined) keys.push({ kind: 'device', id: device.id });
  if (tokenId !== undefined) keys.push({ kind: 'token', id: tokenId });
  if (task !== undefined) {
    for (const id of [...task.ancestors, task.id]) keys.push({ kind: 'task', id });
  }
  return keys;
}

/** The key of a user. An issuer is a URL, so the blank keeps the parts apart. */
export function userKey({ issuer, subject }: Pick<Subject['user'], 'issuer' | 'subject'>): EpochKey {
  return { kind: 'user', id: `${issuer} ${subject}` };
}
