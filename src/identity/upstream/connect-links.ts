import type { Connect } from '../../model/connect.ts';
import { arrayMember, type JsonObject, stringMember } from '../../model/json.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { digest, newSecret } from '../login/secrets.ts';
import { createLru } from '../lru.ts';
import type { Vault } from '../vault/vault.ts';
import { type Account, ownName } from './account.ts';

/** What somebody is to connect. */
export interface ConnectOrder {
  readonly server: string;
  readonly account: Account;
  /** The scopes that the server asked for, with those that were granted before; empty: it did not say. */
  readonly scopes: readonly string[];
  /** Where the challenge said that the metadata is. */
  readonly metadataUrl: string | undefined;
  /** How often in a row the same is asked for. */
  readonly again: number;
}

/** The addresses under which accounts are connected: random, good once and for ten minutes, for one user alone. */
export interface ConnectLinks {
  readonly ask: (order: ConnectOrder) => Promise<Connect>;
  readonly read: (id: string) => Promise<ConnectOrder | undefined>;
  /** True for the first who uses it, on whatever replica. */
  readonly use: (id: string) => Promise<boolean>;
}

const lifeMs = 600_000;
/** A link that is younger serves the next call too. */
const shareMs = 300_000;
const mostShared = 10_000;

/** Keeps links in the vault, where only the digest of their secret names them. */
export function createConnectLinks(vault: Vault, clock: Pick<Clock, 'now'>, origin: string): ConnectLinks {
  const shared = createLru<{ readonly id: string; readonly until: number }>(mostShared);
  const read = async (id: string): Promise<ConnectOrder | undefined> => {
    const found = await vault.get(nameOf(id));
    return found && readOrder(found.secret);
  };
  const make = async (order: ConnectOrder): Promise<string> => {
    const id = newSecret();
    const kept = await vault.put(nameOf(id), orderSecret(order), 'absent', clock.now() + lifeMs);
    if (kept === 'conflict') throw new Error('a random address came twice');
    shared.set(keyOf(order), { id, until: clock.now() + shareMs });
    return id;
  };
  return {
    ask: async (order) => {
      const known = shared.get(keyOf(order));
      const isFresh = known !== undefined && known.until > clock.now();
      const isOpen = isFresh && (await read(known.id)) !== undefined;
      const id = isOpen ? known.id : await make(order);
      return {
        kind: 'connect',
        url: `${origin}/connect/${id}`,
        elicitationId: digest(id),
        message: messageFor(order),
      };
    },
    read,
    use: (id) => vault.remove(nameOf(id)),
  };
}

function messageFor({ server, scopes }: ConnectOrder): string {
  const wanted = scopes.length === 0 ? '' : ` (it asks for ${scopes.join(', ')})`;
  return `Connect your account at the server \`${server}\` to this gateway${wanted}`;
}

function nameOf(id: string): ReturnType<typeof ownName> {
  return ownName(`link ${digest(id)}`);
}

function keyOf({ server, account, scopes, metadataUrl, again }: ConnectOrder): string {
  return JSON.stringify([server, account, scopes, metadataUrl, again]);
}

/** An order as the vault keeps it. */
export function orderSecret({ server, account, scopes, metadataUrl, again }: ConnectOrder): JsonObject {
  return { server, ...account, scopes, again, ...(metadataUrl !== undefined && { metadataUrl }) };
}

/** Reads an order back. */
export function readOrder(secret: JsonObject): ConnectOrder {
  const text = (member: string): string => stringMember(secret, member) ?? '';
  const scopes = (arrayMember(secret, 'scopes') ?? []).filter((scope) => typeof scope === 'string');
  const account = { tenant: text('tenant'), issuer: text('issuer'), subject: text('subject') };
  const metadataUrl = stringMember(secret, 'metadataUrl');
  return { server: text('server'), account, scopes, metadataUrl, again: Number(secret['again'] ?? 0) };
}
