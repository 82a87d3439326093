import type { SecretFormat } from '../format.ts';
import { holdsAt } from '../peek.ts';

const standIn =
  /^(?:\*+|x+|\.+|-+|[$<{[%].*|.*[}>\]]|(?:your|my|the)?[-_]?(?:password|passwd|pass|pwd|secret|token|key)|changeme|example)$/i;

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
    peek: holdsAt,
    disguised: ['postgres://', 'postgresql://', 'mysql://', 'mongodb', 'redis://', 'amqp://'],
  },
];
