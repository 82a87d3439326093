import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const keyBytes = 32;
const forOthers = 0o077;

/**
 * Reads a key of 32 bytes from a file, and makes it (random, mode 0600) when there is none. Two processes that start
 * together get the same key. Throws, with the mend, on a file that others may read or that holds something else.
 */
export async function loadKey(path: string): Promise<Uint8Array> {
  return (await readKey(path)) ?? (await makeKey(path));
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  const file = await open(path, 'r').catch(absent);
  if (file === undefined) return undefined;
  try {
    const facts = await file.stat();
    if (!facts.isFile())
      throw new Error(`key \`${path}\` is not a file: name a file of ${keyBytes} random bytes`);
    // Windows has no such mode bits.
    if (process.platform !== 'win32' && (facts.mode & forOthers) !== 0) {
      throw new Error(
        `key file \`${path}\` may be read by others (mode ${(facts.mode & 0o777).toString(8)}): run ` +
          `\`chmod 600 ${path}\`, and delete it for a new key if somebody may have seen it`,
      );
    }
    await refuseOpenFolder(path);
    if (facts.size !== keyBytes) throw new Error(wrongSize(path, facts.size));
    return await file.readFile();
  } finally {
    await file.close();
  }
}

const writableByOthers = 0o022;

/** Whoever may write the folder can put a key of its own there. */
async function refuseOpenFolder(path: string): Promise<void> {
  const folder = dirname(path);
  const { mode } = await stat(folder);
  if (process.platform === 'win32' || (mode & writableByOthers) === 0) return;
  throw new Error(
    `the folder of the key \`${path}\` may be written by others (mode ${(mode & 0o777).toString(8)}): run ` +
      `\`chmod 700 ${folder}\`, and delete the key for a new one if somebody may have put it there`,
  );
}

function absent(cause: unknown): undefined {
  if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
  throw cause;
}

function wrongSize(path: string, size: number): string {
  return (
    `key file \`${path}\` has ${size} bytes and should have ${keyBytes}: restore it, or delete it for a new key ` +
    '(handles made with the old one then count as expired)'
  );
}

async function makeKey(path: string): Promise<Uint8Array> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, randomBytes(keyBytes), { mode: 0o600, flag: 'wx', flush: true });
    // A link appears whole or not at all, and never replaces the key of a process that was faster.
    await link(draft, path).catch(alreadyThere);
  } finally {
    await rm(draft, { force: true });
  }
  const key = await readKey(path);
  if (key === undefined) throw new Error(`key file \`${path}\` vanished while it was made: try again`);
  return key;
}

function alreadyThere(cause: unknown): void {
  if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause;
}
