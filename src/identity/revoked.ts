import type { Subject } from '../model/subject.ts';
import type { EpochKey } from '../pipeline/store-ports.ts';

/** What is known in this process of revocation epochs. Asked on every call, so it must not wait for anything. */
export interface Revoked {
  /**
   * Whether one of the keys has an epoch at or after `issuedAt` (milliseconds since the epoch).
   *
   * Most tokens say the second of their issue alone (RFC 7519 section 2). Such a token counts as issued at the beginning
   * of that second, so a revocation takes everything issued in the same second with it, before or after: whoever logs
   * in again that fast must do so once more. A token without `iat` counts as issued at 0.
   */
  readonly isRevoked: (keys: readonly EpochKey[], issuedAt: number) => boolean;
}

/**
 * Whose epochs end a subject: its user, its agent and those it acts for, its device, its task and the tasks it was
 * delegated from, and its token. Whoever is named in a chain of actors can end it, though only the first gives rights.
 */
export function epochKeysOf({ user, agent, device, task, tokenId }: SubjectParts): readonly EpochKey[] {
  const agents = [agent.id, ...(agent.actsFor ?? [])];
  const tasks = task === undefined ? [] : [task.id, ...task.ancestors];
  return [
    { kind: 'user', id: `${user.issuer} ${user.subject}` },
    ...agents.map((id): EpochKey => ({ kind: 'agent', id })),
    ...(device.id === undefined ? [] : [{ kind: 'device', id: device.id } as const]),
    ...tasks.map((id): EpochKey => ({ kind: 'task', id })),
    ...(tokenId === undefined ? [] : [{ kind: 'token', id: tokenId } as const]),
  ];
}

type SubjectParts = Pick<Subject, 'user' | 'agent' | 'device' | 'task' | 'tokenId'>;
