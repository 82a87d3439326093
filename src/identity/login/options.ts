import type Provider from 'oidc-provider';
import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Documents } from '../../pipeline/store-ports.ts';
import type { Fetch } from '../fetch-json.ts';
import type { ClaimMapping } from '../issuer.ts';

/** What the pages of the authorization server need. */
export interface InteractionsOptions {
  readonly provider: Provider;
  /** The issuer of the authorization server without a slash at its end, such as `https://gateway.example/as`. */
  readonly base: string;
  readonly documents: Documents;
  readonly clock: Pick<Clock, 'now'>;
  readonly settings: LoginSettings;
  /** What a resource is, in words for people; undefined: its URL alone is shown. */
  readonly describeResource?: (resource: string) => string | undefined;
  /** What a scope of the gateway allows, in words for people. */
  readonly describeScope?: (scope: string) => string | undefined;
  /** Takes the tokens of the OpenID provider after a login there, so that identity assertions can be had from it. */
  readonly onUpstreamTokens?: (user: LoginUser, tokens: ProviderTokens) => Promise<void>;
  /** Told what failed on our side. Never holds a secret. */
  readonly onFault?: (message: string) => void;
  /** Told who was sent away, and why: a wrong password, a form of another site, an answer of another browser. */
  readonly onRefusal?: (why: string, peer: string) => void;
  /** Default: the address of the socket. */
  readonly peer?: (request: import('node:http').IncomingMessage) => string;
  readonly fetch?: Fetch;
}

/** How people log in. */
export interface LoginSettings {
  /** `owner`: the person who runs the gateway, by passkey or password. `provider`: at an OpenID provider. */
  readonly login: 'owner' | 'provider';
  readonly provider?: ProviderSettings;
}

/** The OpenID provider where users log in. */
export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly scopes: readonly string[];
  readonly kind: 'generic' | 'entra' | 'okta' | 'keycloak' | 'authentik' | 'google';
  readonly claims: ClaimMapping;
}

/** Who logged in: the account here, and who that is at the OpenID provider. */
export interface LoginUser {
  /** The `sub` of the tokens of this gateway. */
  readonly accountId: string;
  readonly issuer: string;
  readonly subject: string;
}

/** What an OpenID provider gave out at a login. */
export interface ProviderTokens {
  readonly idToken: string;
  readonly refreshToken?: string;
  /** Milliseconds since the epoch: the end of the id token. */
  readonly expiresAt: number;
  readonly accessToken?: string;
  /** Milliseconds since the epoch. There with an access token. */
  readonly accessTokenExpiresAt?: number;
  readonly claims: JsonObject;
}

/** A login that succeeded, as the authorization server hears of it. */
export interface Authenticated {
  readonly accountId: string;
  /** Seconds since the epoch: `auth_time`. */
  readonly at: number;
  /** RFC 8176. */
  readonly amr: readonly string[];
  readonly acr?: string;
}
