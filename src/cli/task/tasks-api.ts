import { isJsonObject, type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import { findTarget, type TargetOptions } from '../stdio/target.ts';

/**
 * Asks the gateway about tasks.
 * @throws Error with what the gateway said and its remedy, when it refuses
 */
export async function askTasks(
  options: TargetOptions,
  method: 'GET' | 'DELETE' | 'POST',
  path: string,
  body?: object,
): Promise<JsonObject> {
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
  const told: unknown = await response.json().catch(() => undefined);
  const answer = isJsonObject(told) ? told : {};
  if (!response.ok) throw new Error(refusalWords(response.status, answer));
  return answer;
}

/** What a page of the gateway says when it refuses: a sentence and how to go on. */
export function refusalWords(status: number, answer: JsonObject): string {
  const error = objectMember(answer, 'error');
  const message = stringMember(error, 'message');
  const remedy = stringMember(objectMember(error, 'data'), 'remedy');
  if (message === undefined) return `the gateway answered ${status}`;
  return remedy === undefined ? message : `${message}; ${remedy}`;
}
