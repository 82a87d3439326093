import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonObject } from '../../model/json.ts';
import { ownerAccountId } from './account-id.ts';
import { type Accounts, createAccounts, type LoginAccount } from './accounts.ts';
import { passkeyScript } from './assets/passkey-script.ts';
import { style } from './assets/style.ts';
import { createBrowsers } from './browser.ts';
import { type Consents, createConsents } from './consents.ts';
import type { Answer, Exchange } from './exchange.ts';
import { LoginFailure } from './federated/login-failure.ts';
import { createProviderLogin, type ProviderLogin } from './federated/provider-login.ts';
import { sendAsset, sendJson, sendPage, sendRedirect } from './http.ts';
import { type InteractionContext, interactionPages } from './interaction-pages.ts';
import type { InteractionsOptions, ProviderSettings } from './options.ts';
import { createOwnerLogin } from './owner/owner.ts';
import { type PagesContext, setupPages } from './owner/setup-pages.ts';
import { noticePage } from './pages/notice.ts';
import { RequestFault } from './request-fault.ts';
import { sentence } from './sentence.ts';

/** The pages where people log in and consent. */
export interface LoginInteractions {
  /** Absolute paths that they answer, and everything below. */
  readonly paths: readonly string[];
  /** Answers one request, whatever happens. */
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
  /** Who a subject is; undefined for a disabled account, and for one of another way to log in than the present one. */
  readonly findAccount: (
    subject: string,
  ) => Promise<{ readonly accountId: string; readonly claims: JsonObject } | undefined>;
  /** A new one-time link to set the owner up; undefined when there is one, or when people log in elsewhere. */
  readonly setupLink: () => Promise<string | undefined>;
  readonly accounts: Accounts;
  readonly consents: Pick<Consents, 'list' | 'withdraw'>;
}

/** Makes them. Nothing is kept in memory but the metadata of the OpenID provider. */
export function createInteractions(options: InteractionsOptions): LoginInteractions {
  const { provider, base, documents, clock, settings } = options;
  const path = new URL(base).pathname.replace(/\/$/, '');
  const accounts = createAccounts(documents, clock);
  const consents = createConsents(provider, documents, clock);
  const pages: PagesContext = {
    base,
    assets: `${path}/assets`,
    browsers: createBrowsers(new URL(base).origin),
  };
  const owner = createOwnerLogin(options);
  const login = wayOf(options, accounts);
  const context: InteractionContext = {
    ...pages,
    provider,
    accounts,
    consents,
    words: { resource: options.describeResource ?? nothing, scope: options.describeScope ?? nothing },
    login: login ?? { kind: 'owner', owner },
    peer: options.peer ?? socketAddress,
    onRefusal: options.onRefusal,
  };
  const answers = new Map<string, Answer>([
    ['interaction', interactionPages(context)],
    ['assets', asset],
    ...(login === undefined
      ? [['setup', setupPages(pages, owner)] as const]
      : [['login', callbackPage(pages, login.provider, options)] as const]),
  ]);
  // The owner stays the owner when the gateway gets another address.
  const known = ({ id, issuer }: LoginAccount): boolean =>
    login === undefined ? id === ownerAccountId : issuer === settings.provider?.issuer;
  return {
    paths: ['interaction', 'login', 'setup', 'assets'].map((name) => `${path}/${name}`),
    serve: (request, response) => {
      answer(answers, path, request, response).catch((fault: unknown) => {
        sendFault(pages, options, request, response, fault);
      });
    },
    findAccount: async (subject) => {
      const account = await accounts.find(subject);
      if (account === undefined || account.disabled || !known(account)) return undefined;
      return { accountId: account.id, claims: account.claims };
    },
    setupLink: async () => (login === undefined ? owner.links.make() : undefined),
    accounts,
    consents,
  };
}

interface ProviderWay {
  readonly kind: 'provider';
  readonly provider: ProviderLogin;
  readonly host: string;
}

function wayOf(options: InteractionsOptions, accounts: Accounts): ProviderWay | undefined {
  const { settings, base } = options;
  if (settings.login === 'owner') return undefined;
  const configured: ProviderSettings | undefined = settings.provider;
  if (configured === undefined) {
    throw new Error('`login: provider` needs `provider` with its `issuer` and `clientId`');
  }
  const provider = createProviderLogin(configured, `${base}/login/callback`, accounts, options);
  return { kind: 'provider', provider, host: new URL(configured.issuer).host };
}

function nothing(): undefined {
  return undefined;
}

function socketAddress(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? 'unknown';
}

async function answer(
  answers: ReadonlyMap<string, Answer>,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '', 'http://gateway.invalid');
  const [first = '', ...rest] = url.pathname.slice(path.length + 1).split('/');
  const found = url.pathname.startsWith(`${path}/`) ? answers.get(first) : undefined;
  if (found === undefined) throw new RequestFault(404, 'there is no such page');
  const { method } = request;
  if (method !== 'GET' && method !== 'POST') throw new RequestFault(405, 'this page takes GET and POST');
  return found({ request, response, rest, query: url.searchParams });
}

async function asset({ response, rest }: Exchange): Promise<void> {
  const name = rest.join('/');
  if (name === 'style.css') return sendAsset(response, 'text/css; charset=utf-8', style);
  if (name === 'passkey.js') return sendAsset(response, 'text/javascript; charset=utf-8', passkeyScript);
  throw new RequestFault(404, 'there is no such file');
}

/** Where the OpenID provider sends browsers back to. */
function callbackPage(pages: PagesContext, login: ProviderLogin, options: InteractionsOptions): Answer {
  return async ({ request, response, rest, query }) => {
    if (request.method !== 'GET' || rest.join('/') !== 'callback') {
      throw new RequestFault(404, 'there is no such page');
    }
    const { uid, fault } = await login.comeBack(query, pages.browsers.recall(request));
    if (uid === undefined) throw new RequestFault(400, foreignAnswer);
    const place = `${new URL(pages.base).pathname}/interaction/${uid}`;
    if (fault === undefined) return sendRedirect(response, `${place}/continue`);
    options.onFault?.(`login at the provider: ${detailOf(fault)}`);
    const link = { href: place, text: 'Try again' };
    const text = `${sentence(fault.message)} Nothing was allowed.`;
    sendPage(response, 403, noticePage({ assets: pages.assets, title: 'Login failed', text, link }));
  };
}

const foreignAnswer =
  'this login was not begun in this browser, was used already, or took too long; go back to the application and start again';

/** What is more than a stray request: a form that does not fit, a browser that may not, one that tries too often. */
const refused: ReadonlySet<number> = new Set([400, 403, 409, 429]);

function sendFault(
  { assets }: PagesContext,
  options: InteractionsOptions,
  request: IncomingMessage,
  response: ServerResponse,
  fault: unknown,
): void {
  const told = fault instanceof RequestFault ? fault : toldOf(fault);
  if (!(fault instanceof RequestFault)) options.onFault?.(`login pages: ${detailOf(fault)}`);
  else if (refused.has(fault.status))
    options.onRefusal?.(fault.message, (options.peer ?? socketAddress)(request));
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, message, retryAfter } = told;
  if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter);
  // What is unread of the request would be taken for the next one.
  if (!request.complete) response.setHeader('Connection', 'close');
  if (request.headers['content-type']?.startsWith('application/json') === true) {
    sendJson(response, status, { fault: sentence(message) });
    return;
  }
  sendPage(response, status, noticePage({ assets, title: titleOf(status), text: sentence(message) }));
}

/** What the person may know of a fault that is not hers. */
function toldOf(fault: unknown): RequestFault {
  if (fault instanceof LoginFailure) return new RequestFault(502, fault.message);
  return new RequestFault(
    500,
    'something failed in the gateway; whoever runs it finds the reason in its log',
  );
}

function detailOf(fault: unknown): string {
  if (fault instanceof LoginFailure) return `${fault.message}: ${fault.detail}`;
  return fault instanceof Error ? fault.message : 'unknown';
}

function titleOf(status: number): string {
  if (status === 404) return 'Not found';
  return status >= 500 ? 'That did not work' : 'That cannot be done';
}
