import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type JsonObject, stringMember } from '../../model/json.ts';
import { addCookie, readCookie } from './http.ts';
import { RequestFault } from './request-fault.ts';
import { digest, newSecret, sameSecret } from './secrets.ts';

/** One browser, known by a cookie that holds nothing but randomness. */
export interface Browser {
  /** What is kept of the browser in documents that are bound to it. */
  readonly id: string;
  /**
   * The token of the forms of one place (an interaction, the set-up): keyed by the cookie, which scripts and strangers
   * cannot read, so it is good in this browser and at this place alone.
   */
  readonly formToken: (place: string) => string;
}

/** Knows browsers, and which requests come from pages of ours. */
export interface Browsers {
  /** The browser of a request, which gets a cookie if it has none. */
  readonly meet: (request: IncomingMessage, response: ServerResponse) => Browser;
  /** The browser of a request; undefined without the cookie. */
  readonly recall: (request: IncomingMessage) => Browser | undefined;
  /**
   * The browser of a form that was sent from a page of ours at this place.
   * @throws RequestFault for a form of another site, another place or another browser
   */
  readonly sender: (request: IncomingMessage, place: string, members: JsonObject) => Browser;
}

const wanted = /^[\w-]{43}$/;

/** Makes it for pages of one origin. */
export function createBrowsers(origin: string): Browsers {
  const secure = origin.startsWith('https:');
  // RFC 6265bis section 4.1.3.2: with `__Host-` no other host of the domain can set it. Browsers want `Secure` for that.
  const name = secure ? '__Host-bartizan-browser' : 'bartizan-browser';
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  const recall = (request: IncomingMessage): Browser | undefined => {
    const cookie = readCookie(request, name);
    return cookie !== undefined && wanted.test(cookie) ? browserOf(cookie) : undefined;
  };
  return {
    recall,
    meet: (request, response) => {
      const known = recall(request);
      if (known !== undefined) return known;
      const cookie = newSecret();
      addCookie(response, `${name}=${cookie}; ${attributes}`);
      return browserOf(cookie);
    },
    sender: (request, place, members) => {
      if (request.headers.origin !== origin)
        throw new RequestFault(403, `this form was not sent from a page at ${origin}`);
      const browser = recall(request);
      const token = stringMember(members, 'form_token') ?? '';
      if (browser === undefined || !sameSecret(token, browser.formToken(place))) {
        throw new RequestFault(
          403,
          'this form is not from this browser, or cookies are off; load the page again',
        );
      }
      return browser;
    },
  };
}

function browserOf(cookie: string): Browser {
  return {
    id: digest(cookie),
    formToken: (place) => createHmac('sha256', cookie).update(`form:${place}`).digest('base64url'),
  };
}
