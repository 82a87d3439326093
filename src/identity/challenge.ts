import type { DenialCode } from '../model/denial.ts';
import { type Refusal, refuse } from '../model/refusal.ts';
import type { Credentials } from '../pipeline/ports.ts';
import { allAlgorithms } from './algorithms.ts';
import type { Scheme } from './authorization.ts';
import type { TokenError } from './failure.ts';

/** What a challenge tells the client. */
export interface Challenge {
  /** Scopes to ask for, all at once. */
  readonly scopes: readonly string[];
  /** The scheme that the request used: its challenge comes first and carries the error. Default `Bearer`. */
  readonly scheme?: Scheme;
  /** Whether DPoP is offered beside bearer tokens. */
  readonly dpop: boolean;
  /** The code of RFC 6750 section 3.1 or RFC 9449 section 7.1; undefined when no token was sent. */
  readonly error?: TokenError | 'insufficient_scope';
  readonly description?: string;
  /** The nonce for the next proof (RFC 9449 section 9). */
  readonly nonce?: string;
}

/** A refusal with its `WWW-Authenticate` header (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9728 section 5.1). */
export function refuseWithChallenge(
  code: DenialCode,
  detail: string,
  credentials: Pick<Credentials, 'metadataUrl'>,
  challenge: Challenge,
): Refusal {
  const { description, nonce } = challenge;
  return refuse(code, detail, {
    headers: {
      'WWW-Authenticate': challengesText(credentials.metadataUrl, challenge),
      ...(nonce !== undefined && { 'DPoP-Nonce': nonce }),
    },
    ...(description !== undefined && { reason: description }),
  });
}

/** One challenge for each scheme (RFC 9110 section 11.6.1); clients that read only the first find theirs there. */
function challengesText(metadataUrl: string, challenge: Challenge): string {
  const { scheme = 'Bearer', dpop } = challenge;
  const schemes: readonly Scheme[] =
    scheme === 'DPoP' ? ['DPoP', 'Bearer'] : dpop ? ['Bearer', 'DPoP'] : ['Bearer'];
  return schemes.map((each) => challengeText(each, each === scheme, metadataUrl, challenge)).join(', ');
}

function challengeText(
  scheme: Scheme,
  atFault: boolean,
  metadataUrl: string,
  { scopes, error, description }: Challenge,
): string {
  const parameters: readonly (readonly [string, string | undefined])[] = [
    ['error', atFault ? error : undefined],
    ['error_description', atFault ? description : undefined],
    ['algs', scheme === 'DPoP' ? allAlgorithms.join(' ') : undefined],
    ['scope', scopes.length > 0 ? scopes.join(' ') : undefined],
    ['resource_metadata', metadataUrl],
  ];
  const texts = parameters.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${quotable(value)}"`],
  );
  return `${scheme} ${texts.join(', ')}`;
}

/**
 * Percent-encodes whatever RFC 6750 section 3 does not allow between the quotes, among it quotes, backslashes and line
 * breaks, so that no value can end its parameter or the header.
 */
function quotable(text: string): string {
  return text.toWellFormed().replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]+/g, encodeURIComponent);
}
