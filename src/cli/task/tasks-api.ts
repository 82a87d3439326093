import { findTarget, type TargetOptions } from '../stdio/target.ts';

/** A task as the gateway tells of it. */
export interface ToldTask {
  readonly id: string;
  readonly user: string;
  readonly agent: string;
  readonly purpose?: string;
  readonly state: string;
  readonly notAfter: string;
  readonly [member: string]: unknown;
}

/**
 * Asks the gateway about tasks.
 * @throws Error with what the gateway said, when it refuses
 */
export async function askTasks(
  options: TargetOptions,
  method: 'GET' | 'DELETE' | 'POST',
  path: string,
  body?: object,
): Promise<unknown> {
  const { url, token } = await findTarget(options);
  const response = await fetch(new URL(path, url.origin), {
    method,
    headers: {
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    redirect: 'error',
  }).catch((cause: unknown) => {
    throw new Error(`the gateway at ${url.origin} cannot be reached; is it running?`, { cause });
  });
  const told: unknown = response.status === 204 ? undefined : await response.json().catch(() => undefined);
  if (!response.ok) throw new Error(`the gateway answered ${response.status}: ${JSON.stringify(told ?? {})}`);
  return told;
}
