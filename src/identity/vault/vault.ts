import { hash, randomBytes } from 'node:crypto';
import { isJsonObject, type JsonObject, stringMember } from '../../model/json.ts';
import type { Documents, NewDocument, StoredDocument } from '../../pipeline/store-ports.ts';
import type { KeyEncryptionKey } from './kek.ts';
import { openBytes, sealBytes } from './seal-bytes.ts';

/** Whose secret it is, and for what. Each has a data key of its own. */
export interface SecretName {
  readonly tenant: string;
  readonly user: string;
  readonly upstream: string;
}

/** A secret as it stands. */
export interface StoredSecret {
  readonly secret: JsonObject;
  /** For the next {@link Vault.put}. */
  readonly version: number;
}

/** Secrets that outlive the process, encrypted by envelope (NIST SP 800-57 part 1 section 6.2.1.3). */
export interface Vault {
  /** Undefined: there is none. Rejects when what is stored was altered, or belongs to another name or key. */
  readonly get: (name: SecretName) => Promise<StoredSecret | undefined>;
  /** Writes a secret if its version is still `expected`, and answers the new one. Durable on return. */
  readonly put: (
    name: SecretName,
    secret: JsonObject,
    expected: number | 'absent',
    expiresAt?: number,
  ) => Promise<number | 'conflict'>;
  /** Removes a secret; answers whether there was one. */
  readonly remove: (name: SecretName) => Promise<boolean>;
  /** Wraps data keys of a retired key with the present one; answers how many. What another replica changes meanwhile waits. */
  readonly rewrap: (limit: number) => Promise<number>;
}

/** What a vault is made of. */
export interface VaultOptions {
  readonly documents: Documents;
  /** Wraps the data keys of everything that is written. */
  readonly kek: KeyEncryptionKey;
  /** Keys that still open what they wrapped. */
  readonly retired?: readonly KeyEncryptionKey[];
}

const kind = 'vault';
const format = 1;
const keyBytes = 32;

/**
 * Makes a vault over documents. The names and the revision of a secret are additional data of its encryption, so that a
 * row that was moved to another user, another upstream or back in time under a newer revision does not open.
 */
export function createVault({ documents, kek, retired = [] }: VaultOptions): Vault {
  const keks = new Map([...retired, kek].map((one) => [one.id, one]));

  const unwrap = async (name: SecretName, { kekId, dek }: Row): Promise<Uint8Array> => {
    const owner = keks.get(kekId);
    if (owner === undefined)
      throw new Error(`it was wrapped by the key \`${kekId}\`, which is not configured`);
    return owner.unwrap(dek, keyAad(name));
  };
  const open = async (name: SecretName, document: StoredDocument): Promise<StoredSecret> => {
    const row = rowOf(document);
    const dek = await unwrap(name, row);
    const plain = openBytes(dek, row.sealed, secretAad(name, row.revision));
    dek.fill(0);
    const secret: unknown = JSON.parse(Buffer.from(plain).toString());
    if (!isJsonObject(secret)) throw new Error('it holds no object');
    return { secret, version: document.version };
  };
  /** A secret keeps its data key when it is written again. */
  const keyFor = async (
    name: SecretName,
    before: Row | undefined,
  ): Promise<{ readonly dek: Uint8Array; readonly wrapped: Uint8Array }> => {
    if (before?.kekId === kek.id) return { dek: await unwrap(name, before), wrapped: before.dek };
    const dek = before === undefined ? randomBytes(keyBytes) : await unwrap(name, before);
    return { dek, wrapped: await kek.wrap(dek, keyAad(name)) };
  };

  return {
    get: async (name) => {
      const document = await documents.get(kind, idOf(name));
      return document === undefined ? undefined : open(name, document).catch(unreadable(name));
    },
    put: async (name, secret, expected, expiresAt) => {
      const id = idOf(name);
      const found = expected === 'absent' ? undefined : await documents.get(kind, id);
      if (expected !== 'absent' && found?.version !== expected) return 'conflict';
      const before = found && rowOf(found);
      const { dek, wrapped } = await keyFor(name, before).catch(unreadable(name));
      const revision = (before?.revision ?? 0) + 1;
      const sealed = sealBytes(dek, Buffer.from(JSON.stringify(secret)), secretAad(name, revision));
      dek.fill(0);
      const document = documentOf(name, { kekId: kek.id, dek: wrapped, sealed, revision }, expiresAt);
      return documents.put(kind, id, document, expected);
    },
    remove: async (name) => documents.remove(kind, idOf(name)),
    rewrap: async (limit) => {
      let count = 0;
      for (const { id } of retired) {
        const rows = await documents.find(kind, { index: { name: 'kek', value: id }, limit: limit - count });
        for (const document of rows) count += (await rewrapped(document)) ? 1 : 0;
      }
      return count;
    },
  };

  async function rewrapped(document: StoredDocument): Promise<boolean> {
    const name = nameIn(document);
    const row = rowOf(document);
    const dek = await unwrap(name, row).catch(unreadable(name));
    const next = { ...row, kekId: kek.id, dek: await kek.wrap(dek, keyAad(name)) };
    dek.fill(0);
    const written = documentOf(name, next, document.expiresAt);
    return (await documents.put(kind, document.id, written, document.version)) !== 'conflict';
  }
}

interface Row {
  readonly kekId: string;
  readonly dek: Uint8Array;
  readonly sealed: Uint8Array;
  readonly revision: number;
}

function rowOf({ value }: StoredDocument): Row {
  const kekId = stringMember(value, 'kek');
  const dek = stringMember(value, 'dek');
  const sealed = stringMember(value, 'sealed');
  const { revision } = value;
  if (kekId === undefined || dek === undefined || sealed === undefined || typeof revision !== 'number') {
    throw new Error('a row of the vault lacks a member');
  }
  return {
    kekId,
    dek: Buffer.from(dek, 'base64url'),
    sealed: Buffer.from(sealed, 'base64url'),
    revision,
  };
}

function documentOf(
  name: SecretName,
  { kekId, dek, sealed, revision }: Row,
  expiresAt?: number,
): NewDocument {
  return {
    value: {
      format,
      ...name,
      kek: kekId,
      dek: Buffer.from(dek).toString('base64url'),
      sealed: Buffer.from(sealed).toString('base64url'),
      revision,
    },
    indexes: { kek: kekId },
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

function nameIn({ value }: StoredDocument): SecretName {
  const [tenant, user, upstream] = ['tenant', 'user', 'upstream'].map((member) =>
    stringMember(value, member),
  );
  if (tenant === undefined || user === undefined || upstream === undefined) {
    throw new Error('a row of the vault has no name');
  }
  return { tenant, user, upstream };
}

function idOf({ tenant, user, upstream }: SecretName): string {
  return hash('sha256', JSON.stringify([tenant, user, upstream]), 'base64url');
}

function keyAad({ tenant, user, upstream }: SecretName): Uint8Array {
  return Buffer.from(JSON.stringify(['bartizan/vault/key', format, tenant, user, upstream]));
}

function secretAad({ tenant, user, upstream }: SecretName, revision: number): Uint8Array {
  return Buffer.from(JSON.stringify(['bartizan/vault', format, tenant, user, upstream, revision]));
}

/** What the cipher says of a wrong tag helps nobody; whose secret it is does. */
function unreadable({ upstream }: SecretName): (cause: unknown) => never {
  return (cause) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the stored secret for \`${upstream}\` cannot be opened: ${why}`, { cause });
  };
}
