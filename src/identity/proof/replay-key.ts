import { hash } from 'node:crypto';

/** The key of a proof in the replay cache: of one length, whatever the sender chose for a `jti`. */
export function replayKey(jkt: string, jti: string): string {
  return `dpop:${hash('sha256', JSON.stringify([jkt, jti]), 'base64url')}`;
}
