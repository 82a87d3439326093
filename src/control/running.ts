import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject } from '../model/json.ts';

/** The gateway that runs on this machine, as other commands find it. */
export interface Running {
  readonly pid: number;
  readonly url: string;
  readonly endpoints: Readonly<Record<string, string>>;
  /** The file that holds the owner's token, readable by the owner alone. */
  readonly tokenFile: string;
  /** The configuration it was started with, an absolute path. */
  readonly config: string;
  /** RFC 3339. */
  readonly startedAt: string;
}

/** Where the token of the owner stands while the gateway runs. */
export function tokenFileIn(stateDirectory: string): string {
  return join(stateDirectory, 'owner.token');
}

/** Tells other commands where the gateway is. Both files are for the owner alone. */
export async function announceRunning(
  stateDirectory: string,
  running: Running,
  token: string | undefined,
): Promise<void> {
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  if (token !== undefined) await writeToken(running.tokenFile, token);
  await replaceFile(fileIn(stateDirectory), `${JSON.stringify(running)}\n`);
}

/** Puts a token in the place of the last one. */
export function writeToken(tokenFile: string, token: string): Promise<void> {
  return replaceFile(tokenFile, `${token}\n`);
}

/** The gateway that runs with this state directory; undefined when none does. */
export async function findRunning(stateDirectory: string): Promise<Running | undefined> {
  const text = await readFile(fileIn(stateDirectory), 'utf8').catch(() => '');
  const found = parseRunning(text);
  return found !== undefined && isAlive(found.pid) ? found : undefined;
}

/** Takes the announcement back; one of another process stays. */
export async function withdrawRunning(stateDirectory: string, pid: number): Promise<void> {
  const text = await readFile(fileIn(stateDirectory), 'utf8').catch(() => '');
  const found = parseRunning(text);
  if (found?.pid !== pid) return;
  await rm(fileIn(stateDirectory), { force: true });
  await rm(found.tokenFile, { force: true });
}

function fileIn(stateDirectory: string): string {
  return join(stateDirectory, 'gateway.json');
}

async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  // A file that lies there already would keep its mode, and a link would lead the token elsewhere.
  await rm(draft, { force: true });
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
  await rename(draft, path);
}

function parseRunning(text: string): Running | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isOurs =
      isJsonObject(value) && typeof value['pid'] === 'number' && typeof value['url'] === 'string';
    return isOurs ? (value as unknown as Running) : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
