import { webcrypto } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { type GrantedTask, resumeTask, type SigningKey, type Task } from '../../task/index.ts';

/** A granted task with its key, as one program hands it to another through a file of mode 0600. */
interface TaskFile extends GrantedTask {
  readonly key: webcrypto.JsonWebKey;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** A key for a task that is handed on. */
export interface PortableKey extends SigningKey {
  readonly secret: webcrypto.JsonWebKey;
}

/** Makes a key that can be written down. */
export async function portableKey(): Promise<PortableKey> {
  const pair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const secret = await webcrypto.subtle.exportKey('jwk', pair.privateKey);
  return { privateKey: pair.privateKey, jwk: publicPart(secret), secret };
}

/** Writes a task down for its owner alone. Rejects when there is a file already. */
export async function writeTask(
  path: string,
  { resource, token, expiresAt, granted }: GrantedTask,
  key: PortableKey,
): Promise<void> {
  const file: TaskFile = { resource, token, expiresAt, granted, key: key.secret };
  await writeFile(path, `${JSON.stringify(file)}\n`, { mode: 0o600, flag: 'wx' }).catch(
    ({ code, message }: NodeJS.ErrnoException) => {
      const why = code === 'EEXIST' ? 'it is there already; name another file' : message;
      throw new Error(`the task cannot be written to \`${path}\`: ${why}`);
    },
  );
}

/** Reads a task that {@link writeTask} wrote. Throws an error that says what is wrong with the file. */
export async function readTask(path: string): Promise<{ readonly task: Task; readonly resource: string }> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`the task file \`${path}\` cannot be read: ${error.code ?? error.message}`);
  });
  try {
    const { key, ...granted } = JSON.parse(text) as TaskFile;
    const privateKey = await webcrypto.subtle.importKey('jwk', key, algorithm, false, ['sign']);
    return { task: resumeTask(granted, { privateKey, jwk: publicPart(key) }), resource: granted.resource };
  } catch (cause) {
    throw new Error(`\`${path}\` is no task file; make one with \`bartizan task grant --out\``, { cause });
  }
}

function publicPart({ crv = '', kty = '', x = '', y = '' }: webcrypto.JsonWebKey): SigningKey['jwk'] {
  return { crv, kty, x, y };
}
