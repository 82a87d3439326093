import type { DenialCode } from '../model/denial.ts';
import { type Refusal, refuse } from '../model/refusal.ts';
import type { Credentials } from '../pipeline/ports.ts';

/** What a challenge tells the client. */
export interface Challenge {
  /** Scopes to ask for, all at once. */
  readonly scopes: readonly string[];
  /** The code of RFC 6750 section 3.1; undefined when no token was sent. */
  readonly error?: 'invalid_token' | 'insufficient_scope';
  readonly description?: string;
}

/** A refusal with its `WWW-Authenticate` header (RFC 6750 section 3, RFC 9728 section 5.1). */
export function refuseWithChallenge(
  code: DenialCode,
  detail: string,
  credentials: Pick<Credentials, 'metadataUrl'>,
  challenge: Challenge,
): Refusal {
  return refuse(code, detail, {
    headers: { 'WWW-Authenticate': challengeText(credentials.metadataUrl, challenge) },
    ...(challenge.description === undefined ? {} : { reason: challenge.description }),
  });
}

function challengeText(metadataUrl: string, { scopes, error, description }: Challenge): string {
  const parameters: readonly (readonly [string, string | undefined])[] = [
    ['error', error],
    ['error_description', description],
    ['scope', scopes.length > 0 ? scopes.join(' ') : undefined],
    ['resource_metadata', metadataUrl],
  ];
  const texts = parameters.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${quotable(value)}"`],
  );
  return `Bearer ${texts.join(', ')}`;
}

/**
 * Percent-encodes whatever RFC 6750 section 3 does not allow between the quotes, among it quotes, backslashes and line
 * breaks, so that no value can end its parameter or the header.
 */
function quotable(text: string): string {
  return text.toWellFormed().replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]+/g, encodeURIComponent);
}
