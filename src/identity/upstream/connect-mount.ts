import type { IncomingMessage, ServerResponse } from 'node:http';
import { faultMessage } from '../../model/fault-message.ts';
import { stringMember } from '../../model/json.ts';
import { type Browsers, createBrowsers } from '../login/browser.ts';
import { readMembers, sendJson, sendOnward, sendPage, sendRedirect } from '../login/http.ts';
import { noticePage } from '../login/pages/notice.ts';
import { RequestFault } from '../login/request-fault.ts';
import { sentence } from '../login/sentence.ts';
import { connectionName } from './account.ts';
import {
  beginFlow,
  type FlowOptions,
  type OAuthServer,
  type Plan,
  planFlow,
  takeFlow,
} from './authorization-flow.ts';
import type { ConnectLinks, ConnectOrder } from './connect-links.ts';
import { connectPage } from './connect-page.ts';
import type { Connections } from './connections.ts';
import { connectionsPage } from './connections-page.ts';
import { disconnect } from './disconnect.ts';
import type { Broker, BrokerOptions, BrowserUser } from './options.ts';
import { accountOfBrowser, ownConnections, ownOrder } from './own-connections.ts';

/** What the pages are made with. */
export interface MountOptions
  extends FlowOptions,
    Pick<BrokerOptions, 'assets' | 'sessionUser' | 'loginUrl' | 'report'> {
  readonly servers: ReadonlyMap<string, OAuthServer>;
  readonly links: ConnectLinks;
  readonly connections: Connections;
}

/** The base of all of it. */
const base = '/connect';

/** Serves the pages where users connect accounts, and the gateway's client metadata document. */
export function connectMount(options: MountOptions): Broker['mount'] {
  const pages = new ConnectPages(options);
  return {
    paths: [base],
    serve: (request, response) => {
      // It never rejects: every fault becomes a page.
      void pages.serve(request, response);
    },
  };
}

class ConnectPages {
  readonly #options: MountOptions;
  readonly #browsers: Browsers;

  constructor(options: MountOptions) {
    this.#options = options;
    this.#browsers = createBrowsers(options.origin);
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response);
    } catch (fault) {
      this.#tell(fault, request.socket.remoteAddress ?? '');
      if (response.headersSent) return void response.destroy();
      const [status, text] =
        fault instanceof RequestFault
          ? [fault.status, sentence(fault.message)]
          : [500, 'The gateway failed. Ask its operator to look at the log.'];
      this.#notice(response, status, 'Not connected', text);
    }
  }

  /** What an upstream is at fault for has been told of where it failed. */
  #tell(fault: unknown, peer: string): void {
    const { report } = this.#options;
    if (!(fault instanceof RequestFault)) report('connect page failed', { fault: faultMessage(fault), peer });
    else if (fault.status < 500) report('connect page refused', { why: fault.message, peer });
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.#options.origin);
    const place = pathname.slice(base.length + 1);
    if (request.method === 'GET') return this.#show(request, response, place, searchParams);
    if (request.method !== 'POST') throw new RequestFault(405, 'this page does not take that method');
    if (place === '') return this.#disconnect(request, response);
    return this.#begin(request, response, place);
  }

  async #show(
    request: IncomingMessage,
    response: ServerResponse,
    place: string,
    parameters: URLSearchParams,
  ): Promise<void> {
    if (place === 'client.json') return sendJson(response, 200, this.#options.registration.document());
    if (place === 'callback') return this.#callback(request, response, parameters);
    if (place === '') return this.#list(request, response);
    return this.#ask(request, response, place);
  }

  /** The user of a browser; undefined after it was sent to log in and back to a page. */
  async #user(
    request: IncomingMessage,
    response: ServerResponse,
    returnTo: string,
  ): Promise<BrowserUser | undefined> {
    const { sessionUser, loginUrl } = this.#options;
    const user = await sessionUser(request);
    if (user !== undefined) return user;
    if (loginUrl === undefined) throw logInFirst();
    sendRedirect(response, loginUrl(returnTo));
    return undefined;
  }

  /**
   * What a page is about: the order of a link, or one that the user of the browser gives for itself.
   *
   * INVARIANT: a link leads on only in a browser of the user it was made for (client/elicitation, "Phishing").
   */
  async #open(user: BrowserUser, place: string): Promise<{ order: ConnectOrder; server: OAuthServer }> {
    const { links, servers } = this.#options;
    const own = serverIn(place);
    const order = own === undefined ? await links.read(place) : ownOrder(user, own);
    if (order === undefined) throw expired();
    if (!isSame(user, order)) throw otherUser();
    const server = servers.get(order.server);
    if (server !== undefined) return { order, server };
    throw new RequestFault(404, `there is no server \`${order.server}\` that wants an account`);
  }

  async #ask(request: IncomingMessage, response: ServerResponse, id: string): Promise<void> {
    const { assets } = this.#options;
    if (!isLink(id) && serverIn(id) === undefined) throw noSuchPage();
    const place = `${base}/${id}`;
    const user = await this.#user(request, response, place);
    if (user === undefined) return;
    const { order, server } = await this.#open(user, id);
    const plan = await this.#plan(server, order);
    const page = connectPage({
      assets,
      place,
      formToken: this.#browsers.meet(request, response).formToken(place),
      server: server.id,
      url: server.url,
      issuer: plan.server.issuer,
      user: nameOf(user),
      scopes: plan.scopes,
    });
    sendPage(response, 200, page);
  }

  async #begin(request: IncomingMessage, response: ServerResponse, id: string): Promise<void> {
    const { sessionUser, links, assets } = this.#options;
    const browser = this.#browsers.sender(request, `${base}/${id}`, await readMembers(request));
    const user = await sessionUser(request);
    if (user === undefined) throw logInFirst();
    const { order, server } = await this.#open(user, id);
    const plan = await this.#plan(server, order);
    if (isLink(id) && !(await links.use(id))) throw expired();
    const url = await beginFlow(this.#options, server, order, plan, browser.id).catch(this.#cannot(server));
    const host = new URL(plan.server.issuer).host;
    const link = { href: url.href, text: `Continue at ${host}` };
    const text = `You are on your way to ${host}.`;
    sendOnward(response, url.href, noticePage({ assets, title: 'One moment', text, link }));
  }

  async #list(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { assets } = this.#options;
    const user = await this.#user(request, response, base);
    if (user === undefined) return;
    const { connected, open } = await ownConnections(this.#options, user);
    const formToken = this.#browsers.meet(request, response).formToken(base);
    const page = connectionsPage({ assets, place: base, formToken, user: nameOf(user), connected, open });
    sendPage(response, 200, page);
  }

  async #disconnect(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const members = await readMembers(request);
    this.#browsers.sender(request, base, members);
    const user = await this.#options.sessionUser(request);
    if (user === undefined) throw logInFirst();
    const server = stringMember(members, 'server') ?? '';
    if (!this.#options.servers.has(server)) throw new RequestFault(404, 'there is no such server');
    await disconnect(this.#options, accountOfBrowser(user), server);
    // The page that comes next is asked for anew, so that going back sends no form again.
    sendRedirect(response, base);
  }

  #plan(server: OAuthServer, order: ConnectOrder): Promise<Plan> {
    return planFlow(this.#options, server, order).catch(this.#cannot(server));
  }

  /** The text names addresses and rules, and no secret: it is what the operator has to be told. */
  #cannot({ id }: OAuthServer): (fault: unknown) => never {
    return (fault) => {
      const why = faultMessage(fault);
      this.#options.report('account not connected', { server: id, why });
      throw new RequestFault(502, `the server \`${id}\` cannot be connected: ${why}`);
    };
  }

  async #callback(
    request: IncomingMessage,
    response: ServerResponse,
    parameters: URLSearchParams,
  ): Promise<void> {
    const { connections, servers, sessionUser, report } = this.#options;
    const flow = await takeFlow(this.#options, parameters.get('state') ?? '');
    if (flow === undefined) throw expired();
    const { order, browser } = flow;
    if (this.#browsers.recall(request)?.id !== browser) {
      throw new RequestFault(
        403,
        'this answer belongs to another browser; call again and open the new address',
      );
    }
    const user = await sessionUser(request);
    if (user === undefined || !isSame(user, order)) throw otherUser();
    const server = servers.get(order.server);
    if (server === undefined)
      throw new RequestFault(404, `the server \`${order.server}\` is no longer configured`);
    const connection = await flow.complete(server, parameters).catch(this.#cannot(server));
    await connections.store(connectionName(order.account, server.id), connection);
    report('account connected', {
      server: server.id,
      user: order.account.subject,
      issuer: connection.issuer,
    });
    const text = `Your account at ${server.id} is connected. Close this page and go on where you were.`;
    const link = { href: base, text: 'All your accounts' };
    sendPage(response, 200, noticePage({ assets: this.#options.assets, title: 'Connected', text, link }));
  }

  #notice(response: ServerResponse, status: number, title: string, text: string): void {
    sendPage(response, status, noticePage({ assets: this.#options.assets, title, text }));
  }
}

/** The secret of a link, which is good once. */
function isLink(place: string): boolean {
  return /^[\w-]{43}$/.test(place);
}

/** The server of a page that stays. */
function serverIn(place: string): string | undefined {
  return /^to\/([\w-]{1,128})$/.exec(place)?.[1];
}

function nameOf({ name, subject }: BrowserUser): string {
  return name ?? subject;
}

function isSame(user: BrowserUser, { account }: ConnectOrder): boolean {
  return user.issuer === account.issuer && user.subject === account.subject;
}

function expired(): RequestFault {
  return new RequestFault(
    410,
    'this address was used, or is older than ten minutes; call again to get a new one',
  );
}

function otherUser(): RequestFault {
  return new RequestFault(403, 'this address was made for another user; log in as that user');
}

function noSuchPage(): RequestFault {
  return new RequestFault(404, 'there is no such page');
}

function logInFirst(): RequestFault {
  return new RequestFault(403, 'log in at the gateway first, then open this page again');
}
