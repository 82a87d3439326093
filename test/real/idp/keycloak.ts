/** A running Keycloak with a realm of the test, which ends with the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page, ScriptedBrowser } from '../../login/browser.ts';
import { freePort } from '../program.ts';
import { keycloak as software } from '../software.ts';
import { keycloakProgram } from './install-keycloak.ts';

export interface Keycloak {
  /** The issuer of a realm. */
  readonly issuer: (realm: string) => string;
  /** Asks the token endpoint of a realm; answers what it says, whatever it is. */
  readonly token: (
    realm: string,
    members: Readonly<Record<string, string>>,
    dpop?: string,
  ) => Promise<Answer>;
  readonly tokenEndpoint: (realm: string) => string;
  /** A request of the administrator below `/admin/realms`; answers its JSON, if there is some. */
  readonly admin: (method: string, path: string, body?: object) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** What a token endpoint says. */
export type Answer = Readonly<Record<string, unknown>>;

const startLimitMs = 300_000;
const stopLimitMs = 10_000;
const administrator = { username: 'admin', password: 'of the test alone' };

/** Starts it on a free port of loopback, with a database in memory: half a minute. */
export async function startKeycloak(): Promise<Keycloak> {
  const folder = await software.install();
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const stop = await startServer(keycloakProgram(folder), port, `${origin}/realms/master`);
  const tokenEndpoint = (realm: string): string => `${origin}/realms/${realm}/protocol/openid-connect/token`;
  const token: Keycloak['token'] = async (realm, members, dpop) => {
    const headers = dpop === undefined ? {} : { dpop };
    const response = await fetch(tokenEndpoint(realm), {
      method: 'POST',
      headers,
      body: new URLSearchParams(members),
    });
    return (await response.json()) as Answer;
  };
  return {
    issuer: (realm) => `${origin}/realms/${realm}`,
    token,
    tokenEndpoint,
    admin: async (method, path, body) => {
      // Its tokens live for a minute.
      const { access_token } = await token('master', {
        grant_type: 'password',
        client_id: 'admin-cli',
        ...administrator,
      });
      const response = await fetch(`${origin}/admin/realms${path}`, {
        method,
        headers: { authorization: `Bearer ${String(access_token)}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text === '' ? undefined : JSON.parse(text);
    },
    stop,
  };
}

async function startServer(program: string, port: number, ready: string): Promise<() => Promise<void>> {
  const listen = ['--http-enabled=true', '--http-host=127.0.0.1', `--http-port=${port}`];
  const child = spawn(program, ['start', '--optimized', '--hostname-strict=false', ...listen], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m',
      // It runs for a minute, in which the better compiler costs more than it brings.
      JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1',
      KC_BOOTSTRAP_ADMIN_USERNAME: administrator.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: administrator.password,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said = (said + String(chunk)).slice(-4_000);
    });
  const stop = stopper(child);
  const deadline = Date.now() + startLimitMs;
  while (child.exitCode === null && Date.now() < deadline) {
    const response = await fetch(ready).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok === true) return stop;
    await sleep(250);
  }
  await stop();
  throw new Error(`Keycloak did not start: ${said}`);
}

/** The script replaces itself by the server, so the child is the server. It does not outlive this process. */
function stopper(child: ChildProcess): () => Promise<void> {
  const kill = (): boolean => child.kill('SIGKILL');
  const exited = once(child, 'exit');
  process.once('exit', kill);
  return async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const killer = setTimeout(kill, stopLimitMs);
    await exited;
    clearTimeout(killer);
    process.off('exit', kill);
  };
}

/** Fills in its login form, as a person does. */
export function fillLogin(
  browser: ScriptedBrowser,
  page: Page,
  username: string,
  password: string,
): Promise<Page> {
  const action = page.forms.find((form) => form.action.includes('/login-actions/authenticate'))?.action;
  if (action === undefined) throw new Error(`no login form of Keycloak at ${page.url.href}:\n${page.text}`);
  return browser.open(action.replaceAll('&amp;', '&'), {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ username, password, credentialId: '' }).toString(),
  });
}
