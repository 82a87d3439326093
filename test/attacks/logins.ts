/** The owner in a browser, and applications that get tokens by it. */
import { createHash, randomBytes } from 'node:crypto';
import { type Page, ScriptedBrowser } from '../login/browser.ts';
import type { Told } from './attack.ts';
import { post, toldOf } from './moves.ts';
import { appRedirect, type Stage } from './stage.ts';

/** What the owner knows. */
export const ownerPassword = 'correct horse battery staple';

/** Sets the owner up, with a password. */
export async function setUpOwner(stage: Stage): Promise<void> {
  const browser = new ScriptedBrowser();
  const page = await browser.open(await stage.setupLink());
  const kept = await browser.submit(page, 'password', {
    password: ownerPassword,
    repeated: ownerPassword,
  });
  const done = await browser.submit(kept, 'finish');
  if (done.status !== 200) throw new Error(`the owner could not be set up: ${done.text}`);
}

/** An authorization request of an application, with its verifier. */
export interface Asked {
  readonly url: string;
  readonly verifier: string;
}

/** Makes one. */
export function authorizationRequest(stage: Stage, change: Readonly<Record<string, string>> = {}): Asked {
  const verifier = stage.secret(randomBytes(32).toString('base64url'));
  const url = new URL(`${stage.issuer}/authorize`);
  url.search = new URLSearchParams({
    client_id: 'app',
    response_type: 'code',
    redirect_uri: appRedirect,
    resource: `${stage.url}/mcp/github`,
    scope: 'offline_access',
    prompt: 'consent',
    state: 'of-the-application',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...change,
  }).toString();
  return { url: url.href, verifier };
}

/** Logs the owner in. */
export async function logIn(browser: ScriptedBrowser, url: string): Promise<Page> {
  const page = await browser.open(url);
  return page.forms.some(({ action }) => action.endsWith('/password'))
    ? browser.submit(page, 'password', { password: ownerPassword })
    : page;
}

/** A code that the owner consented to, with its verifier. */
export async function codeOf(
  stage: Stage,
  change: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: string; readonly verifier: string; readonly back: URL }> {
  const browser = new ScriptedBrowser();
  const { url, verifier } = authorizationRequest(stage, change);
  const page = await logIn(browser, url);
  const { url: back } = page.url.host === 'client.test' ? page : await browser.submit(page, 'consent');
  const code = stage.secret(back.searchParams.get('code') ?? '');
  if (code === '') throw new Error(`no code: ${back.href}`);
  return { code, verifier, back };
}

/** Redeems a code. */
export async function redeem(
  stage: Stage,
  { code, verifier }: { readonly code: string; readonly verifier: string },
  change: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const told = await post(`${stage.issuer}/token`, {
    grant_type: 'authorization_code',
    client_id: 'app',
    code,
    redirect_uri: appRedirect,
    code_verifier: verifier,
    ...change,
  });
  for (const name of ['access_token', 'refresh_token'])
    if (typeof told.body[name] === 'string') stage.secret(String(told.body[name]));
  return told;
}

/** Uses a refresh token. */
export async function refresh(
  stage: Stage,
  token: string,
  change: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const told = await post(`${stage.issuer}/token`, {
    grant_type: 'refresh_token',
    client_id: 'app',
    refresh_token: token,
    ...change,
  });
  for (const name of ['access_token', 'refresh_token'])
    if (typeof told.body[name] === 'string') stage.secret(String(told.body[name]));
  return told;
}

/** A page of the gateway in the terms of the table: what it says is no JSON, so its code is its status. */
export async function pageTold(response: Response): Promise<Told> {
  const text = await response.text();
  const { body: _, ...told } = toldOf(response.status, [...response.headers].flat(), '');
  return { ...told, text, body: { error: `page ${response.status}` } };
}
