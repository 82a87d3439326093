import type { Adapter } from 'oidc-provider';
import type { Documents } from '../../pipeline/store-ports.ts';

/** What {@link registeredClients} needs. */
export interface RegistrationOptions {
  readonly documents: Documents;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The error for a registration that there is no room for. */
  readonly full: () => Error;
}

const kind = 'oidc:Client';
const lifetimeSeconds = 90 * 86_400;
const mostClients = 10_000;

/**
 * Keeps clients that registered themselves (RFC 7591): so many, and for ninety days after they were last heard of,
 * because anybody can register and nobody ever says that a client is gone.
 */
export function registeredClients(kept: Adapter, { documents, now, full }: RegistrationOptions): Adapter {
  return {
    ...kept,
    upsert: async (id, payload) => {
      const others = await documents.find(kind, { limit: mostClients });
      if (others.length >= mostClients) throw full();
      await kept.upsert(id, payload, lifetimeSeconds);
    },
    find: async (id) => {
      const found = await documents.get(kind, id);
      if (found === undefined) return undefined;
      const { version, value, indexes = {}, expiresAt = 0 } = found;
      const until = now() + lifetimeSeconds * 1000;
      // Not on every request, and not if another replica was faster: then that one has done it.
      if (expiresAt - now() < lifetimeSeconds * 500)
        await documents.put(kind, id, { value, indexes, expiresAt: until }, version);
      return await kept.find(id);
    },
  };
}
