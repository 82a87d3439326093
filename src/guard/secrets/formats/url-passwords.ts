import type { SecretFormat } from '../format.ts';

const standIn =
  /^(?:\*+|x+|\.+|-+|[$<{[%].*|.*[}>\]]|(?:your|my|the)?[-_]?(?:password|passwd|pass|pwd|secret|token|key)|changeme|example)$/i;

/** Longest user part and password that are looked at. */
const longest = 384;

/** Passwords in the authority of a URL (RFC 3986 section 3.2.1): data bases, message queues, basic authentication. */
export const urlPasswordFormats: readonly SecretFormat[] = [
  {
    kind: 'url-password',
    name: 'password in a URL',
    anchors: ['://'],
    caseless: true,
    before: { set: /[a-z0-9+.-]/i, most: 20 },
    pattern: /[a-z0-9+.-]{2,20}:\/\/[^\s:@/?#"'<>\\]{0,128}:([^\s@/?#"'<>\\]{1,255})@[\w.[-]/iy,
    accept: ([, password = '']) => password.length >= 4 && !standIn.test(password),
    peek: holdsUserPart,
    disguised: ['postgres://', 'postgresql://', 'mysql://', 'mongodb', 'redis://', 'amqp://'],
  },
];

/** Whether an `@` comes before the authority ends: most URLs have none, and are done with here. */
function holdsUserPart(bytes: Uint8Array, end: number, length: number): boolean {
  const last = Math.min(length, end + longest);
  for (let at = end; at < last; at++) {
    if (bytes[at] === 0x40) return true;
    if (authorityEnds[bytes[at] as number] === 1) return false;
  }
  return false;
}

const authorityEnds = new Uint8Array(256).fill(1, 0, 0x21);
for (const mark of '/?#"\'<>\\') authorityEnds[mark.charCodeAt(0)] = 1;
