import { createHash } from 'node:crypto';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { JsonObject } from '../../model/json.ts';
import type { Documents, StoredDocument } from '../../pipeline/store-ports.ts';

/** What {@link oidcAdapter} is made of. */
export interface AdapterOptions {
  readonly documents: Documents;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Ends everything of a grant whose code or refresh token was used twice; answers what its user is told. */
  readonly onReuse: (grantId: string) => Promise<Error>;
}

/** Whose ids are credentials: at rest they stand as digests, so that who reads the store cannot use them. */
const secretIds = new Set([
  'AccessToken',
  'AuthorizationCode',
  'RefreshToken',
  'ClientCredentials',
  'PushedAuthorizationRequest',
  'RegistrationAccessToken',
  'InitialAccessToken',
  'DeviceCode',
]);

/** How many tokens of one grant are read at once when it ends. */
const batch = 200;

/** Keeps one model of oidc-provider in the store, for all replicas. */
export function oidcAdapter(model: string, { documents, now, onReuse }: AdapterOptions): Adapter {
  const kind = `oidc:${model}`;
  const key = secretIds.has(model) ? digest : sameId;

  async function firstBy(name: string, value: string): Promise<AdapterPayload | undefined> {
    const [found] = await documents.find(kind, { index: { name, value }, limit: 1 });
    return found === undefined ? undefined : payloadOf(found, undefined);
  }

  return {
    upsert: async (id, payload, expiresIn = 0) => {
      const { jti, ...rest } = payload;
      const value = (secretIds.has(model) ? rest : { ...rest, jti }) as unknown as JsonObject;
      await documents.put(kind, key(id), {
        // The store keeps JSON: members without a value are dropped.
        value: JSON.parse(JSON.stringify(value)) as JsonObject,
        indexes: indexesOf(payload),
        ...(expiresIn > 0 ? { expiresAt: now() + expiresIn * 1000 } : {}),
      });
    },
    find: async (id) => {
      const found = await documents.get(kind, key(id));
      return found === undefined ? undefined : payloadOf(found, id);
    },
    findByUid: (uid) => firstBy('uid', uid),
    findByUserCode: (userCode) => firstBy('userCode', userCode),
    destroy: async (id) => {
      await documents.remove(kind, key(id));
    },
    consume: async (id) => {
      const found = await documents.get(kind, key(id));
      const grantId = found?.value['grantId'];
      if (found !== undefined && (await markConsumed(documents, kind, found, now()))) return;
      // Used by somebody else since it was read: what RFC 9700 section 4.14.2 asks of a token that comes twice.
      throw await onReuse(typeof grantId === 'string' ? grantId : '');
    },
    revokeByGrantId: async (grantId) => {
      await removeAll(documents, kind, grantId);
    },
  };
}

/** Marks a document as used, unless it is marked already or another replica writes it at the same moment. */
async function markConsumed(
  documents: Documents,
  kind: string,
  found: StoredDocument,
  now: number,
): Promise<boolean> {
  if (found.value['consumed'] !== undefined) return false;
  const { id, version, value, ...more } = found;
  const used = { ...more, value: { ...value, consumed: Math.floor(now / 1000) } };
  return (await documents.put(kind, id, used, version)) !== 'conflict';
}

/** Removes every document of a grant, however many there are. */
export async function removeAll(documents: Documents, kind: string, grantId: string): Promise<void> {
  for (;;) {
    const found = await documents.find(kind, { index: { name: 'grantId', value: grantId }, limit: batch });
    for (const { id } of found) await documents.remove(kind, id);
    if (found.length < batch) return;
  }
}

function indexesOf({ uid, userCode, grantId }: AdapterPayload): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ uid, userCode, grantId }).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '',
    ),
  );
}

function payloadOf(found: StoredDocument, id: string | undefined): AdapterPayload {
  return { ...(id === undefined ? {} : { jti: id }), ...found.value } as unknown as AdapterPayload;
}

function digest(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}

function sameId(id: string): string {
  return id;
}
