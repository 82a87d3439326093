import type Provider from 'oidc-provider';
import { type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import { ownerAccountId } from './account-id.ts';
import { type Accounts, accountLabel } from './accounts.ts';
import { type AuthorizationRequest, authorizationRequest } from './authorization-request.ts';
import type { Browser } from './browser.ts';
import { type Consents, covers, type Rights } from './consents.ts';
import { type Answer, type Exchange, routeOf } from './exchange.ts';
import type { ProviderLogin } from './federated/provider-login.ts';
import { grantedBefore, grantMissing } from './grant.ts';
import { readMembers, sendJson, sendOnward, sendPage, sendRedirect } from './http.ts';
import type { Authenticated } from './options.ts';
import type { OwnerLogin } from './owner/owner.ts';
import type { PagesContext } from './owner/setup-pages.ts';
import { consentPage } from './pages/consent.ts';
import { ownerLoginPage, providerLoginPage } from './pages/login.ts';
import { noticePage } from './pages/notice.ts';
import { rightsInWords, type Words } from './plain-words.ts';
import { RequestFault } from './request-fault.ts';

/** Everything that the pages of one interaction use. */
export interface InteractionContext extends PagesContext {
  readonly provider: Provider;
  readonly accounts: Accounts;
  readonly consents: Consents;
  readonly words: Words;
  readonly login: OwnerWay | ProviderWay;
  readonly onRefusal: ((why: string, peer: string) => void) | undefined;
  readonly peer: (request: Exchange['request']) => string;
}

interface OwnerWay {
  readonly kind: 'owner';
  readonly owner: OwnerLogin;
}

interface ProviderWay {
  readonly kind: 'provider';
  readonly provider: ProviderLogin;
  /** The host where people log in, for the page. */
  readonly host: string;
}

/** One request that belongs to an interaction of this browser. */
interface Step {
  readonly exchange: Exchange;
  readonly asked: AuthorizationRequest;
  readonly browser: Browser;
  /** The path of the interaction, where its forms go. */
  readonly place: string;
  readonly members: JsonObject;
}

type Take = (context: InteractionContext, step: Step) => Promise<void>;

const steps: ReadonlyMap<string, Take> = new Map<string, Take>([
  ['GET ', show],
  ['GET continue', continueLogin],
  ['POST password', logInByPassword],
  ['POST passkey/options', offerPasskey],
  ['POST passkey', logInByPasskey],
  ['POST provider', logInAtProvider],
  ['POST consent', allow],
  ['POST cancel', cancel],
]);

/** The pages of logins and consents: `interaction/<uid>` and its steps. */
export function interactionPages(context: InteractionContext): Answer {
  return async (exchange) => {
    const { request, response, rest } = exchange;
    const [uid = '', ...step] = rest;
    const take = steps.get(routeOf(exchange, step.join('/')));
    if (take === undefined) throw new RequestFault(404, 'there is no such page');
    const interaction = await context.provider.interactionDetails(request, response).catch(() => undefined);
    if (interaction === undefined || interaction.uid !== uid) throw new RequestFault(400, expired);
    const place = `${new URL(context.base).pathname}/interaction/${uid}`;
    const members = request.method === 'POST' ? await readMembers(request) : {};
    const browser =
      request.method === 'POST'
        ? context.browsers.sender(request, place, members)
        : context.browsers.meet(request, response);
    const asked = await authorizationRequest(context.provider, interaction);
    return take(context, { exchange, asked, browser, place, members });
  };
}

const expired =
  'this login has expired or was begun in another browser; go back to the application and start again';

async function show(context: InteractionContext, step: Step): Promise<void> {
  if (step.asked.prompt === 'login') return showLogin(context, step);
  if (step.asked.prompt === 'consent') return showConsent(context, step);
  throw new RequestFault(400, 'the application asks for something that this gateway does not know');
}

async function showLogin(context: InteractionContext, step: Step, fault?: RequestFault): Promise<void> {
  const { exchange, asked, browser, place } = step;
  const { assets, login } = context;
  const { response } = exchange;
  if (login.kind === 'owner' && (await login.owner.accounts.find(ownerAccountId)) === undefined) {
    return sendPage(response, 403, noticePage({ assets, title: 'Not set up yet', text: setUpFirst }));
  }
  const page = {
    assets,
    place,
    formToken: browser.formToken(place),
    client: asked.client.name,
    ...(fault === undefined ? {} : { fault: fault.message }),
  };
  if (fault?.retryAfter !== undefined) response.setHeader('Retry-After', fault.retryAfter);
  const shown =
    login.kind === 'owner'
      ? ownerLoginPage({ ...page, passkeys: login.owner.passkeys.possible })
      : providerLoginPage({ ...page, provider: login.host });
  sendPage(response, fault?.status ?? 200, shown);
}

const setUpFirst =
  'This gateway has no owner yet. Open the set-up link that `bartizan up` printed when it started, then come back to the application.';

async function logInByPassword(context: InteractionContext, step: Step): Promise<void> {
  const owner = ownerOf(context, step);
  const password = stringMember(step.members, 'password') ?? '';
  try {
    const login = await owner.byPassword(password, context.peer(step.exchange.request));
    if (login === undefined) throw new RequestFault(403, 'that is not right; try again');
    sendOnward(step.exchange.response, await finishLogin(context, step, login), onwardPage(context));
  } catch (fault) {
    if (!(fault instanceof RequestFault)) throw fault;
    context.onRefusal?.(`password: ${fault.message}`, context.peer(step.exchange.request));
    await showLogin(context, step, fault);
  }
}

async function offerPasskey(context: InteractionContext, step: Step): Promise<void> {
  const options = await ownerOf(context, step).passkeys.request(passkeyPlace(step));
  sendJson(step.exchange.response, 200, options);
}

async function logInByPasskey(context: InteractionContext, step: Step): Promise<void> {
  const answer = objectMember(step.members, 'credential') ?? {};
  const peer = context.peer(step.exchange.request);
  const login = await ownerOf(context, step).byPasskey(passkeyPlace(step), answer, peer);
  if (login === undefined) throw new RequestFault(403, 'that passkey does not log in here');
  sendJson(step.exchange.response, 200, { location: await finishLogin(context, step, login) });
}

/** A challenge belongs to one interaction in one browser. */
function passkeyPlace({ asked, browser }: Step): string {
  return `login:${asked.uid}:${browser.id}`;
}

function ownerOf({ login }: InteractionContext, { asked }: Step): OwnerLogin {
  if (login.kind === 'owner' && asked.prompt === 'login') return login.owner;
  throw new RequestFault(404, 'there is no such page');
}

async function logInAtProvider(context: InteractionContext, step: Step): Promise<void> {
  const { login } = context;
  const { asked, browser, exchange } = step;
  if (login.kind !== 'provider' || asked.prompt !== 'login')
    throw new RequestFault(404, 'there is no such page');
  const again = asked.reasons.some((reason) => reason === 'login_prompt' || reason === 'max_age');
  const limit = asked.maxAge === undefined ? {} : { maxAge: asked.maxAge };
  const url = await login.provider.begin({ uid: asked.uid, browser, again, ...limit });
  sendOnward(exchange.response, url, onwardPage(context));
}

/** The browser is back from the provider; the callback has verified who it is. */
async function continueLogin(context: InteractionContext, step: Step): Promise<void> {
  const { login } = context;
  const { asked, browser, exchange } = step;
  const result = login.kind === 'provider' ? await login.provider.result(asked.uid, browser) : undefined;
  if (result === undefined || asked.prompt !== 'login') throw new RequestFault(400, expired);
  sendRedirect(exchange.response, await finishLogin(context, step, result));
}

function finishLogin({ provider }: InteractionContext, step: Step, login: Authenticated): Promise<string> {
  const { request, response } = step.exchange;
  const { accountId, at, amr, acr } = login;
  const result = { accountId, ts: at, amr: [...amr], ...(acr === undefined ? {} : { acr }) };
  return provider.interactionResult(request, response, { login: result }, { mergeWithLastSubmission: false });
}

async function showConsent(context: InteractionContext, step: Step): Promise<void> {
  const { exchange, asked, browser, place } = step;
  const account = await accountOf(context, step);
  const before = await grantedBefore(context.provider, asked);
  const rights = withBareResources(asked, before);
  const allowed = await context.consents.find(account.id, asked.client.id);
  const wanted = {
    clientName: asked.client.name,
    redirectUri: asked.client.redirectUri,
    rights,
  };
  if (mayPass(asked) && covers(allowed, wanted)) {
    return sendRedirect(exchange.response, await finishConsent(context, step, account.id));
  }
  const page = consentPage({
    assets: context.assets,
    place,
    formToken: browser.formToken(place),
    client: asked.client,
    account: accountLabel(account),
    asked: rightsInWords(rights, asked.details, context.words),
    granted: rightsInWords(before, [], context.words),
  });
  sendPage(exchange.response, 200, page);
}

/** What is asked for, with resources that no scope is asked for: a token for them is something to allow, too. */
function withBareResources({ missing, resources }: AuthorizationRequest, before: Rights): Rights {
  const bare = resources.filter(
    (name) => !Object.hasOwn(missing.resources, name) && !Object.hasOwn(before.resources, name),
  );
  return {
    ...missing,
    resources: { ...missing.resources, ...Object.fromEntries(bare.map((name) => [name, []])) },
  };
}

/** Whether a consent of the past may stand for one now. */
function mayPass({ askAlways, reasons, details }: AuthorizationRequest): boolean {
  const explicit = reasons.some((reason) => reason === 'consent_prompt' || reason.startsWith('native_'));
  return !askAlways && !explicit && details.length === 0;
}

async function allow(context: InteractionContext, step: Step): Promise<void> {
  if (step.asked.prompt !== 'consent') throw new RequestFault(404, 'there is no such page');
  const account = await accountOf(context, step);
  const location = await finishConsent(context, step, account.id);
  sendOnward(step.exchange.response, location, onwardPage(context));
}

async function finishConsent(context: InteractionContext, step: Step, account: string): Promise<string> {
  const { asked, exchange } = step;
  const { id, rights } = await grantMissing(context.provider, asked, account);
  const { id: client, name: clientName, redirectUri } = asked.client;
  await context.consents.keep({ account, client, clientName, redirectUri, rights, grant: id });
  return context.provider.interactionResult(exchange.request, exchange.response, {
    consent: { grantId: id },
  });
}

async function accountOf({ accounts }: InteractionContext, { asked }: Step) {
  const account = asked.account === undefined ? undefined : await accounts.find(asked.account);
  if (account === undefined || account.disabled)
    throw new RequestFault(403, 'this account cannot be used any more');
  return account;
}

async function cancel(context: InteractionContext, { exchange }: Step): Promise<void> {
  const { request, response } = exchange;
  const result = { error: 'access_denied', error_description: 'the person did not allow it' };
  const location = await context.provider.interactionResult(request, response, result);
  sendOnward(response, location, onwardPage(context));
}

function onwardPage({ assets }: InteractionContext) {
  return noticePage({
    assets,
    title: 'One moment',
    text: 'Your browser goes on by itself. If it asks to open an application, allow it; then you can close this page.',
  });
}
