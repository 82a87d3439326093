import { looksRandom } from '../entropy.ts';
import type { SecretFormat } from '../format.ts';
import { followedBy } from '../peek.ts';

/** Whether the first part of a JWT is a JOSE header (RFC 7515 section 4.1.1: `alg` must be there). */
function hasJoseHeader([, header = '']: RegExpExecArray): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && 'alg' in value;
  } catch {
    // Not JSON, so not a JWT: that is the answer, not a fault.
    return false;
  }
}

/** Private keys and signed tokens, whoever issued them. */
export const keyFormats: readonly SecretFormat[] = [
  {
    kind: 'private-key',
    name: 'private key',
    anchors: ['-----BEGIN'],
    pattern:
      /-----BEGIN(?: |%20|\+)(?:[A-Z0-9]{2,9}(?: |%20|\+)){0,3}PRIVATE(?: |%20|\+)KEY(?:(?: |%20|\+)BLOCK)?-----(?:\s|\\[nr]|%0[AD]){0,8}(?:[A-Za-z-]{3,20}: [^\r\n\\]{0,100}(?:\s|\\[nr]){1,8}){0,4}[A-Za-z0-9+/=%]{32}/iy,
  },
  {
    kind: 'openssh-key',
    name: 'OpenSSH private key',
    anchors: ['b3BlbnNzaC1rZXktdj'],
    pattern: /b3BlbnNzaC1rZXktdjEA[A-Za-z0-9+/]{16}/y,
    disguised: ['openssh-key-v1'],
  },
  {
    kind: 'age-key',
    name: 'age secret key',
    anchors: ['AGE-SECRET-KEY-1'],
    pattern: /AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}/y,
  },
  {
    kind: 'jwt',
    name: 'signed token (JWT)',
    anchors: ['eyJ'],
    peek: followedBy(8),
    pattern: /(eyJ[\w-]{8,1024})\.(?:eyJ)?[\w-]{8,4096}\.([\w-]{16,1024})/y,
    accept: (match) => hasJoseHeader(match) && looksRandom(match[2] ?? ''),
    disguised: ['eyJhbGciOi', 'eyJ0eXAiOi', 'eyJraWQiOi'],
  },
];
