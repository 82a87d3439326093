import { randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Eventual } from '../../model/eventual.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Documents } from '../../pipeline/store-ports.ts';

/** Encrypts keys at rest with a key of the vault; `aad` says what they are, so that none can stand in for another. */
export interface WrapKey {
  readonly wrap: (bytes: Uint8Array, aad: Uint8Array) => Eventual<Uint8Array>;
  readonly unwrap: (bytes: Uint8Array, aad: Uint8Array) => Eventual<Uint8Array>;
}

/** What {@link openSigningKeys} is made of. Times are milliseconds. */
export interface SigningKeysOptions {
  readonly issuer: string;
  readonly documents: Documents;
  readonly wrapKey: WrapKey;
  readonly now: () => number;
  /** How long a new key is published before it is used, so that every verifier and replica has seen it. */
  readonly publishAheadMs: number;
  /** How long a key stays published after it was used last: no token that it signed may live longer. */
  readonly keepMs: number;
  /** After this a key is replaced. */
  readonly rotateAfterMs: number;
}

/** The keys that all replicas sign with. */
export interface SigningKeys {
  /** The key to sign with now. */
  readonly active: () => SigningKey;
  /** The public keys: the next one, the present one, and those of the recent past. */
  readonly published: () => readonly JsonObject[];
  /** Random bytes that replicas share, for cookies and nonces. */
  readonly secret: (name: ServerSecret) => Buffer;
  /** Reads what other replicas did; makes a new key when the newest one is old. */
  readonly refresh: () => Promise<void>;
  /** Adds a key, which is used once it has been published long enough. */
  readonly rotate: () => Promise<void>;
}

/** ES256. */
export interface SigningKey {
  readonly kid: string;
  readonly jwk: JWK;
}

type ServerSecret = 'cookies' | 'dpop-nonce';

/** One key at rest. */
interface KeptKey {
  readonly kid: string;
  readonly public: JsonObject;
  readonly wrapped: string;
  readonly activeFrom: number;
}

/** What stands in the store: one document, so that replicas agree on all of it at once. */
interface Kept {
  readonly keys: readonly KeptKey[];
  readonly secrets: Readonly<Record<ServerSecret, string>>;
}

const kind = 'authorization-server-keys';
const secretNames: readonly ServerSecret[] = ['cookies', 'dpop-nonce'];
const attempts = 10;

/** Opens the keys of an authorization server; makes the first one if there is none. */
export async function openSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  const { now } = options;
  const store = keyStore(options);
  let kept = await store.change((before) => before);
  const unwrapped = new Map<string, JWK>();
  const secrets = await store.secrets(kept);

  async function adopt(next: Kept): Promise<void> {
    for (const key of next.keys)
      if (!unwrapped.has(key.kid)) unwrapped.set(key.kid, await store.privateKey(key));
    const present = new Set(next.keys.map(({ kid }) => kid));
    for (const kid of unwrapped.keys()) if (!present.has(kid)) unwrapped.delete(kid);
    kept = next;
  }

  function active(): SigningKey {
    const { kid } = activeKey(kept, now());
    const jwk = unwrapped.get(kid);
    if (jwk === undefined) throw new Error(`the signing key \`${kid}\` is not at hand`);
    return { kid, jwk };
  }

  async function rotate(): Promise<void> {
    const key = await store.newKey(now() + options.publishAheadMs);
    await adopt(await store.change((before) => ({ ...before, keys: [...before.keys, key] })));
  }

  async function refresh(): Promise<void> {
    await adopt(await store.change((before) => before));
    const due = now() - options.rotateAfterMs;
    if (kept.keys.some(({ activeFrom }) => activeFrom > due)) return;
    const key = await store.newKey(now() + options.publishAheadMs);
    // Another replica may have been faster: then its key is enough.
    await adopt(
      await store.change((before) =>
        before.keys.some(({ activeFrom }) => activeFrom > due)
          ? before
          : { ...before, keys: [...before.keys, key] },
      ),
    );
  }

  await adopt(kept);
  return {
    active,
    published: () => kept.keys.map((key) => key.public),
    secret: (name) => Buffer.from(secrets[name]),
    refresh,
    rotate,
  };
}

/** The newest key whose time has come; the oldest one if none has. */
function activeKey({ keys }: Kept, now: number): KeptKey {
  const [oldest] = keys;
  const key = keys.findLast(({ activeFrom }) => activeFrom <= now) ?? oldest;
  if (key === undefined) throw new Error('the authorization server has no signing key');
  return key;
}

interface KeyStore {
  readonly change: (step: (before: Kept) => Kept) => Promise<Kept>;
  readonly newKey: (activeFrom: number) => Promise<KeptKey>;
  readonly privateKey: (key: KeptKey) => Promise<JWK>;
  readonly secrets: (kept: Kept) => Promise<Readonly<Record<ServerSecret, Uint8Array>>>;
}

function keyStore({ issuer, documents, wrapKey, now, keepMs }: SigningKeysOptions): KeyStore {
  const aad = (what: string): Uint8Array => Buffer.from(JSON.stringify([kind, issuer, what]));

  async function wrap(bytes: Uint8Array, what: string): Promise<string> {
    return Buffer.from(await wrapKey.wrap(bytes, aad(what))).toString('base64url');
  }

  async function newKey(activeFrom: number): Promise<KeptKey> {
    const pair = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(pair.privateKey);
    const kid = await calculateJwkThumbprint(jwk);
    const { kty = 'EC', crv, x, y } = jwk;
    const named: JsonObject = { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' };
    return { kid, public: named, wrapped: await wrap(Buffer.from(JSON.stringify(jwk)), kid), activeFrom };
  }

  async function first(): Promise<Kept> {
    const secrets = { cookies: '', 'dpop-nonce': '' };
    for (const name of secretNames) secrets[name] = await wrap(randomBytes(32), name);
    return { keys: [await newKey(0)], secrets };
  }

  async function changeOnce(step: (before: Kept) => Kept): Promise<Kept | undefined> {
    const stored = await documents.get(kind, issuer);
    const before = stored === undefined ? await first() : parseKept(stored.value);
    const next = withoutOver(step(before), now() - keepMs);
    if (stored !== undefined && next.keys === before.keys) return before;
    const document = { value: { keys: next.keys.map((key) => ({ ...key })), secrets: next.secrets } };
    const written = await documents.put(kind, issuer, document, stored?.version ?? 'absent');
    return written === 'conflict' ? undefined : next;
  }

  return {
    newKey,
    change: async (step) => {
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        const changed = await changeOnce(step);
        if (changed !== undefined) return changed;
      }
      throw new Error('the keys of the authorization server are changed by too many at once');
    },
    privateKey: async ({ kid, public: named, wrapped }) => {
      const bytes = await wrapKey.unwrap(Buffer.from(wrapped, 'base64url'), aad(kid));
      return { ...(JSON.parse(Buffer.from(bytes).toString()) as JWK), ...(named as JWK) };
    },
    secrets: async ({ secrets }) => {
      const open = (name: ServerSecret): Eventual<Uint8Array> =>
        wrapKey.unwrap(Buffer.from(secrets[name], 'base64url'), aad(name));
      return { cookies: await open('cookies'), 'dpop-nonce': await open('dpop-nonce') };
    },
  };
}

/** Without the keys whose follower has been in use for longer than any token lives. */
function withoutOver(kept: Kept, before: number): Kept {
  const { keys } = kept;
  const alive = keys.filter((_, at) => (keys[at + 1]?.activeFrom ?? Number.POSITIVE_INFINITY) > before);
  return alive.length === keys.length ? kept : { ...kept, keys: alive };
}

function parseKept(value: JsonObject): Kept {
  const { keys, secrets } = value;
  if (!Array.isArray(keys) || keys.length === 0 || !isJsonObject(secrets))
    throw new Error('the stored keys of the authorization server cannot be read');
  return { keys: keys as readonly JsonObject[] as unknown as KeptKey[], secrets: secrets as Kept['secrets'] };
}
