import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ownerIssuer } from '../control/default-policy.ts';
import type { OwnerToken, TokenOrder } from '../control/gateway-contract.ts';
import type { Settings } from '../control/settings.ts';
import { loadKey } from '../flow/load-key.ts';
import { createOwner, type Owner } from '../identity/owner.ts';
import type { Clock } from '../pipeline/ports.ts';
import { systemClock } from './system-clock.ts';

/** Where the keys of a state directory are; the folder is made for its owner alone. */
export async function keyDirectory({ state }: Pick<Settings, 'state'>): Promise<string> {
  const directory = join(state.directory, 'keys');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** The owner of a state directory; undefined when `identity.owner` is off. Rejects when the key may be read by others. */
export async function ownerOf(settings: Settings, clock: Clock): Promise<Owner | undefined> {
  if (!settings.identity.owner.enabled) return undefined;
  const key = await loadKey(join(await keyDirectory(settings), 'owner.key'));
  return createOwner({ key, issuer: ownerIssuer, subject: 'owner', clock });
}

/** A token of the owner. It covers what lies below its resource: that of the gateway's URL is good at every endpoint. */
export function grantToken(
  owner: Owner,
  settings: Settings,
  clock: Clock,
  resource: string,
  minutes?: number,
): OwnerToken {
  const { roles, tokenMinutes } = settings.identity.owner;
  const ttlSeconds = (minutes ?? tokenMinutes) * 60;
  return {
    value: owner.issue({ resources: [resource], ttlSeconds, roles }),
    resource,
    expiresAt: clock.now() + ttlSeconds * 1000,
  };
}

/** Issues a token for the owner of the state directory; a gateway need not run. Rejects when `identity.owner` is off. */
export async function issueOwnerToken(settings: Settings, order: TokenOrder): Promise<OwnerToken> {
  const clock = systemClock();
  const owner = await ownerOf(settings, clock);
  if (owner === undefined) {
    throw new Error(
      '`identity.owner.enabled` is false: get tokens from one of `identity.issuers`, or switch it on',
    );
  }
  return grantToken(owner, settings, clock, order.resource ?? publicUrlOf(settings), order.minutes);
}

function publicUrlOf({ listen: { host, port, publicUrl } }: Settings): string {
  return publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
