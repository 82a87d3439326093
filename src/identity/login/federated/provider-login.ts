import * as oauth from 'oauth4webapi';
import { type JsonObject, stringMember, stringsIn } from '../../../model/json.ts';
import type { ClaimMapping } from '../../issuer.ts';
import { providers } from '../../providers/table.ts';
import { accountIdOf } from '../account-id.ts';
import type { Accounts } from '../accounts.ts';
import type { Browser } from '../browser.ts';
import type { Authenticated, InteractionsOptions, LoginUser, ProviderSettings } from '../options.ts';
import { digest } from '../secrets.ts';
import { accountClaims } from './account-claims.ts';
import { LoginFailure } from './login-failure.ts';
import { createOpenidProvider, type Redeemed } from './openid-provider.ts';
import { quirksOf, subjectOf } from './quirks.ts';

/** Logins at the OpenID provider. Each belongs to one browser and one interaction, and is good once. */
export interface ProviderLogin {
  /** Begins one; answers where the browser goes. */
  readonly begin: (login: BeginLogin) => Promise<string>;
  /** Takes what the provider sent back; answers the interaction that goes on, with a fault if it failed. */
  readonly comeBack: (parameters: URLSearchParams, browser: Browser | undefined) => Promise<CameBack>;
  /** What came of it, once. */
  readonly result: (uid: string, browser: Browser) => Promise<Authenticated | undefined>;
}

/** One login. */
export interface BeginLogin {
  /** The interaction it belongs to. */
  readonly uid: string;
  readonly browser: Browser;
  readonly again: boolean;
  readonly maxAge?: number;
}

/** A browser that came back. */
export interface CameBack {
  /** Undefined: no login of this browser; nothing goes on. */
  readonly uid: string | undefined;
  readonly fault?: LoginFailure;
}

const transactionKind = 'login-transaction';
const resultKind = 'login-result';
const transactionMs = 10 * 60_000;
const resultMs = 60_000;
/** An access token whose end is not told is taken to end after this. */
const unknownLifeSeconds = 300;

/** Makes it. */
export function createProviderLogin(
  settings: ProviderSettings,
  redirectUri: string,
  accounts: Accounts,
  options: InteractionsOptions,
): ProviderLogin {
  const { documents, clock } = options;
  const mapping = mappingOf(settings);
  const provider = createOpenidProvider(settings, redirectUri, clock.now, options.fetch);

  /** INVARIANT: a state is good once, in the browser that began with it. */
  const take = async (state: string, browser: Browser | undefined): Promise<Transaction | undefined> => {
    const found = await documents.get(transactionKind, digest(state));
    if (found === undefined || browser === undefined) return undefined;
    if (stringMember(found.value, 'browser') !== browser.id) return undefined;
    return (await documents.remove(transactionKind, digest(state)))
      ? readTransaction(found.value)
      : undefined;
  };

  const enter = async (redeemed: Redeemed): Promise<Authenticated> => {
    const user = userOf(redeemed.claims, settings);
    const claims = accountClaims(redeemed.claims, mapping, user);
    await accounts.enter({ id: user.accountId, issuer: user.issuer, subject: user.subject, claims });
    const { idToken, refreshToken, accessToken, expiresIn = unknownLifeSeconds } = redeemed;
    const expiresAt = Number(redeemed.claims['exp']) * 1000;
    await options.onUpstreamTokens?.(user, {
      idToken,
      expiresAt,
      accessToken,
      accessTokenExpiresAt: clock.now() + expiresIn * 1000,
      claims: redeemed.claims,
      ...(refreshToken === undefined ? {} : { refreshToken }),
    });
    return authenticatedOf(user.accountId, redeemed.claims, clock.now());
  };

  return {
    begin: async ({ uid, browser, again, maxAge }) => {
      const [state, nonce, verifier] = [
        oauth.generateRandomState(),
        oauth.generateRandomNonce(),
        oauth.generateRandomCodeVerifier(),
      ];
      const limit = maxAge === undefined ? {} : { maxAge };
      const url = await provider.authorizationUrl({ state, nonce, verifier, again, ...limit });
      const value = { uid, browser: browser.id, nonce, verifier, ...limit };
      const expiresAt = clock.now() + transactionMs;
      await documents.put(transactionKind, digest(state), { value, expiresAt }, 'absent');
      return url;
    },
    comeBack: async (parameters, browser) => {
      const state = parameters.get('state') ?? '';
      const transaction = await take(state, browser);
      if (transaction === undefined || browser === undefined) return { uid: undefined };
      const { uid, ...expected } = transaction;
      const redeemed = await provider.redeem(parameters, { ...expected, state }).catch(failed);
      const login = redeemed instanceof LoginFailure ? redeemed : await enter(redeemed).catch(failed);
      if (login instanceof LoginFailure) return { uid, fault: login };
      const value = { ...login, browser: browser.id };
      await documents.put(resultKind, uid, { value, expiresAt: clock.now() + resultMs });
      return { uid };
    },
    result: async (uid, browser) => {
      const found = await documents.get(resultKind, uid);
      if (found === undefined || stringMember(found.value, 'browser') !== browser.id) return undefined;
      return (await documents.remove(resultKind, uid)) ? readAuthenticated(found.value) : undefined;
    },
  };
}

/** What is kept of a login while the browser is away. */
interface Transaction {
  readonly uid: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly maxAge?: number;
}

function readTransaction(value: JsonObject): Transaction {
  const maxAge = value['maxAge'];
  return {
    uid: stringMember(value, 'uid') ?? '',
    nonce: stringMember(value, 'nonce') ?? '',
    verifier: stringMember(value, 'verifier') ?? '',
    ...(typeof maxAge === 'number' ? { maxAge } : {}),
  };
}

/** What the login itself can fail with is an answer; anything else is a fault of ours. */
function failed(cause: unknown): LoginFailure {
  if (cause instanceof LoginFailure) return cause;
  throw cause;
}

/** Where the product writes roles, groups and tenant, unless the operator says otherwise. */
function mappingOf({ kind, claims }: ProviderSettings): ClaimMapping {
  return kind === 'generic' ? claims : { ...providers[kind].defaults.claims, ...claims };
}

function userOf(claims: JsonObject, settings: ProviderSettings): LoginUser {
  const issuer = stringMember(claims, 'iss');
  const subject = subjectOf(claims, quirksOf(settings.kind));
  if (issuer === undefined || subject === undefined) {
    const names = quirksOf(settings.kind).subject.join('`, `');
    throw new LoginFailure('the login provider does not say who you are', `the id token lacks \`${names}\``);
  }
  return { accountId: accountIdOf(issuer, subject), issuer, subject };
}

function authenticatedOf(accountId: string, claims: JsonObject, now: number): Authenticated {
  const at = claims['auth_time'];
  const acr = stringMember(claims, 'acr');
  return {
    accountId,
    at: typeof at === 'number' ? at : Math.floor(now / 1000),
    amr: stringsIn(claims['amr']),
    ...(acr === undefined ? {} : { acr }),
  };
}

function readAuthenticated(value: JsonObject): Authenticated {
  const acr = stringMember(value, 'acr');
  return {
    accountId: stringMember(value, 'accountId') ?? '',
    at: Number(value['at']),
    amr: stringsIn(value['amr']),
    ...(acr === undefined ? {} : { acr }),
  };
}
