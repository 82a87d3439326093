import type { JsonRpcId } from '../../../model/call.ts';
import { arrayMember, type JsonObject, objectMember } from '../../../model/json.ts';
import { type Refusal, refuse } from '../../../model/refusal.ts';
import type { Answer } from './exchange.ts';

/** Errors that only servers of 2026-07-28 send: header mismatch, missing capability, unsupported version. */
const modernCodes: ReadonlySet<unknown> = new Set([-32020, -32021, -32022]);
const unsupportedVersion = -32022;
const lastLegacyCode = -32019;
const firstLegacyCode = -32000;

/** The JSON-RPC error of an answer, if it has one. */
export function errorOf({ document }: Answer): JsonObject | undefined {
  return objectMember(document?.value, 'error');
}

/** Credentials or quotas, faults of the server, redirects: the call failed, and nothing is learned of the era. */
export function failureOf({ status }: Answer): Refusal | undefined {
  if (status === 401 || status === 403) {
    return refuse(
      'upstream_failed',
      `the upstream turned the gateway's credential down with status ${status}`,
    );
  }
  if (status >= 300 && status < 400) {
    return refuse('upstream_failed', `the upstream redirects (status ${status}), which is not followed`);
  }
  if (status === 407 || status === 429 || status >= 500) {
    return refuse('upstream_failed', `the upstream answered with status ${status}`);
  }
  return undefined;
}

/** The versions that a server offers in place of the one it does not speak. */
export function offeredVersions(answer: Answer): readonly string[] | undefined {
  const error = errorOf(answer);
  if (error?.['code'] !== unsupportedVersion) return undefined;
  const offered = arrayMember(objectMember(error, 'data'), 'supported') ?? [];
  return offered.filter((version) => typeof version === 'string');
}

/** Whether the error could only come from a server that speaks 2026-07-28 (versioning, "Era Detection"). */
export function isModernError(answer: Answer): boolean {
  return modernCodes.has(errorOf(answer)?.['code']);
}

/** Whether the answer is an error about the call itself, which belongs to the caller. */
export function isAnswerTo(answer: Answer, id: JsonRpcId): boolean {
  const code = errorOf(answer)?.['code'];
  if (typeof code !== 'number' || (code <= firstLegacyCode && code >= lastLegacyCode)) return false;
  const answered = answer.document?.value['id'];
  return answered === id || answered === null || answered === undefined;
}
