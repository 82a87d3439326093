import { randomBytes } from 'node:crypto';
import type { SecretName, Vault } from '../identity/vault/vault.ts';
import { stringMember } from '../model/json.ts';

const bytes = 32;

/** 32 secret bytes that all replicas have: made by the first that asks, and kept in the vault. */
export async function sharedSecret(vault: Vault, name: string): Promise<Uint8Array> {
  const place: SecretName = { tenant: 'gateway', user: 'gateway', upstream: `secret ${name}` };
  const found = await read(vault, place);
  if (found !== undefined) return found;
  const made = randomBytes(bytes);
  const written = await vault.put(place, { secret: made.toString('base64url') }, 'absent');
  // Another replica was faster: its secret is the one.
  const kept = written === 'conflict' ? await read(vault, place) : made;
  if (kept === undefined) throw new Error(`the secret \`${name}\` vanished from the vault while it was made`);
  return kept;
}

async function read(vault: Vault, place: SecretName): Promise<Uint8Array | undefined> {
  const stored = await vault.get(place);
  const text = stringMember(stored?.secret, 'secret');
  return text === undefined ? undefined : Buffer.from(text, 'base64url');
}
