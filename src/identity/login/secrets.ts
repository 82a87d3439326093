import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits for tokens, cookies and states. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a secret, so that who reads the store cannot use it. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Compares in a time that does not depend on where the texts differ, nor on their lengths. */
export function sameSecret(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
