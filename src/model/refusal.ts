import type { DenialCode } from './denial.ts';
import type { JsonObject } from './json.ts';

/**
 * A call refused: an ordinary value, not an exception. Callers see the row of the denial table; `detail` goes to the
 * record alone, because it may help an attacker.
 */
export class Refusal {
  readonly code: DenialCode;
  /** For the audit record. */
  readonly detail: string;
  /** For the caller: the members that the specification demands, such as `supported` for -32022. */
  readonly data: JsonObject | undefined;
  /** For the caller: response headers, such as `WWW-Authenticate`. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** For the caller: a sentence that is more exact than the row's reason and tells nothing secret. */
  readonly reason: string | undefined;

  constructor(code: DenialCode, detail: string, more: RefusalExtras = {}) {
    this.code = code;
    this.detail = detail;
    this.data = more.data;
    this.headers = more.headers;
    this.reason = more.reason;
  }
}

/** What a refusal may carry beside its code. */
export interface RefusalExtras {
  readonly data?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
  readonly reason?: string;
}

/** Refuses, with a detail for the record. */
export function refuse(code: DenialCode, detail: string, more: RefusalExtras = {}): Refusal {
  return new Refusal(code, detail, more);
}
