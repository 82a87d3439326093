/** What a guard found in a call, a result or a description. */
export interface Finding {
  /** Stable, such as `secret.github-token` or `hidden-text.bidi`. */
  readonly code: string;
  /** `block`: the call or result must not pass. `strip`: it passes without the part. `note`: it passes, recorded. */
  readonly action: 'block' | 'strip' | 'note';
  /** Where, as a JSON Pointer (RFC 6901) into the guarded value. */
  readonly at: string;
  /** One sentence for the record and the caller, without the secret itself. */
  readonly message: string;
}

/** The findings that keep a call, a result or a description from passing. */
export function blocking(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ action }) => action === 'block');
}

/** Each finding in the words of the record, such as `strip hidden-text.bidi at /arguments/body`. */
export function asRecorded(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ code, action, at }) => `${action} ${code} at ${at}`);
}
