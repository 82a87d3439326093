import { type JsonObject, objectMember, stringMember } from '../../../model/json.ts';
import { ownerAccountId } from '../account-id.ts';
import type { Browser, Browsers } from '../browser.ts';
import { type Answer, type Exchange, routeOf } from '../exchange.ts';
import { addCookie, readCookie, readMembers, sendJson, sendPage, sendRedirect } from '../http.ts';
import { noticePage } from '../pages/notice.ts';
import { setupPage } from '../pages/setup.ts';
import { RequestFault } from '../request-fault.ts';
import type { OwnerLogin } from './owner.ts';
import { canHashPasswords, passwordFault, passwordLength } from './password.ts';

/** Where the pages stand, and who comes. */
export interface PagesContext {
  /** `https://gateway.example/as`. */
  readonly base: string;
  /** `/as/assets`. */
  readonly assets: string;
  readonly browsers: Browsers;
}

const voidLink =
  'this set-up link was used, is older than 30 minutes, or was replaced by a newer one; start the gateway again for a new link';

type Send = (exchange: Exchange, browser: Browser, members: JsonObject, token: string) => Promise<void>;

/** The pages behind the one-time link that sets the owner up. */
export function setupPages(context: PagesContext, owner: OwnerLogin): Answer {
  const path = `${new URL(context.base).pathname}/setup`;
  const cookie = setupCookie(context.base);
  const show = (exchange: Exchange, browser: Browser, fault?: RequestFault): Promise<void> =>
    showSetup(exchange, browser, { path, assets: context.assets, owner, fault });
  const sends = setupSteps(path, context.assets, owner, show);

  return async (exchange) => {
    const { request, response, rest } = exchange;
    const route = routeOf(exchange, rest.join('/'));
    if (request.method === 'GET' && rest.length === 1) {
      // The token leaves the address at once, before anything is shown that could carry it on.
      addCookie(response, cookie.set(rest[0] ?? ''));
      return sendRedirect(response, path);
    }
    const token = readCookie(request, cookie.name) ?? '';
    if (route === 'GET ') {
      const browser = context.browsers.meet(request, response);
      await allow(owner, token, browser);
      return show(exchange, browser);
    }
    const send = sends.get(route);
    if (send === undefined) throw new RequestFault(404, 'there is no such page');
    const members = await readMembers(request);
    const browser = context.browsers.sender(request, path, members);
    await allow(owner, token, browser);
    return send(exchange, browser, members, token);
  };
}

async function allow(owner: OwnerLogin, token: string, browser: Browser): Promise<void> {
  if (!(await owner.links.allows(token, browser))) throw new RequestFault(403, voidLink);
}

/** Binds the link to this browser. Whatever was left of an owner before is gone, so that no old key opens the new account. */
async function claim(owner: OwnerLogin, token: string, browser: Browser): Promise<void> {
  if (!(await owner.links.take(token, browser))) throw new RequestFault(403, voidLink);
  if ((await owner.accounts.find(ownerAccountId)) !== undefined) return;
  await owner.passkeys.forget(ownerAccountId);
  await owner.passwords.forget(ownerAccountId);
}

/** After the first way to log in there is an account; a second one changes nothing of it. */
async function enterOwner(owner: OwnerLogin, issuer: string): Promise<void> {
  if ((await owner.accounts.find(ownerAccountId)) !== undefined) return;
  await owner.accounts.enter({
    id: ownerAccountId,
    issuer,
    subject: ownerAccountId,
    claims: { roles: ['owner'], groups: [] },
  });
}

function setupSteps(
  path: string,
  assets: string,
  owner: OwnerLogin,
  show: (exchange: Exchange, browser: Browser, fault?: RequestFault) => Promise<void>,
): ReadonlyMap<string, Send> {
  const issuer = owner.issuer;
  return new Map<string, Send>([
    [
      'POST passkey/options',
      async ({ response }, browser) => {
        sendJson(response, 200, await owner.passkeys.creation(ownerAccountId, `setup:${browser.id}`));
      },
    ],
    [
      'POST passkey',
      async ({ response }, browser, members, token) => {
        await claim(owner, token, browser);
        const answer = objectMember(members, 'credential') ?? {};
        const kept = await owner.passkeys.register(ownerAccountId, `setup:${browser.id}`, answer);
        if (!kept) throw new RequestFault(400, 'the passkey could not be verified; try again');
        await enterOwner(owner, issuer);
        sendJson(response, 200, { location: path });
      },
    ],
    [
      'POST password',
      async (exchange, browser, members, token) => {
        const password = stringMember(members, 'password') ?? '';
        const fault = passwordFault(password) ?? differs(password, stringMember(members, 'repeated'));
        if (fault !== undefined) return show(exchange, browser, new RequestFault(400, fault));
        await claim(owner, token, browser);
        await owner.passwords.set(ownerAccountId, password);
        await enterOwner(owner, issuer);
        sendRedirect(exchange.response, path);
      },
    ],
    [
      'POST finish',
      async ({ response }) => {
        if ((await owner.accounts.find(ownerAccountId)) === undefined) {
          throw new RequestFault(400, 'register a passkey or set a password first');
        }
        await owner.links.finish();
        const text =
          'You can close this page. Applications that want to use the gateway will send you here to log in.';
        sendPage(response, 200, noticePage({ assets, title: 'The owner is set up', text }));
      },
    ],
  ]);
}

function differs(password: string, repeated: string | undefined): string | undefined {
  return password === repeated ? undefined : 'the two passwords differ';
}

async function showSetup(
  { response }: Exchange,
  browser: Browser,
  {
    path,
    assets,
    owner,
    fault,
  }: { path: string; assets: string; owner: OwnerLogin; fault: RequestFault | undefined },
): Promise<void> {
  const hasPassword = await owner.passwords.has(ownerAccountId);
  const page = setupPage({
    assets,
    place: path,
    formToken: browser.formToken(path),
    passkeys: owner.passkeys.possible,
    passkey: (await owner.passkeys.has(ownerAccountId)) ? 'kept' : 'none',
    password: hasPassword ? 'kept' : canHashPasswords() ? 'none' : 'impossible',
    leastLength: passwordLength.least,
    ...(fault === undefined ? {} : { fault: fault.message }),
  });
  sendPage(response, fault?.status ?? 200, page);
}

interface SetupCookie {
  readonly name: string;
  readonly set: (token: string) => string;
}

function setupCookie(base: string): SetupCookie {
  const secure = base.startsWith('https:');
  const name = secure ? '__Host-bartizan-setup' : 'bartizan-setup';
  return {
    name,
    set: (token) => {
      if (!/^[\w-]{43}$/.test(token)) throw new RequestFault(403, voidLink);
      return `${name}=${token}; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
    },
  };
}
