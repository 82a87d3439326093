import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../pipeline/ports.ts';
import type { Fetch } from '../fetch-json.ts';
import type { SecretName, Vault } from '../vault/vault.ts';
import { configured } from './client-registration.ts';
import { discoverIssuer } from './discovery.ts';
import type { SubjectTokenType } from './kept-login.ts';
import { isGood, type KeptLogin, keptUntil, loginSecret, readLogin, tokenOf } from './kept-login.ts';
import type { LoginAssertions } from './options.ts';
import { TokenRefused, type Tokens, tokenRequests } from './token-request.ts';

/** What logins are renewed with. */
export interface LoginRenewal {
  readonly vault: Vault;
  readonly clock: Pick<Clock, 'now'>;
  /** Reaches the login provider. */
  readonly fetch: Fetch;
  readonly provider: Pick<LoginAssertions, 'issuer' | 'clientId' | 'clientSecret' | 'tokenEndpoint'>;
}

/** A login as it was read. */
interface Read {
  readonly login: KeptLogin;
  readonly version: number;
}

/** Longer than the discovery and the request may take. */
const leaseMs = 40_000;
const patienceMs = 60_000;
const pollMs = 50;
/** A token whose end is not told is renewed after this. */
const defaultLifeMs = 300_000;
/** What a new login at the provider mends; other refusals are the operator's to mend. */
const ended: ReadonlySet<string> = new Set([
  'invalid_grant',
  'interaction_required',
  'login_required',
  'consent_required',
]);

/**
 * The login with a token of these kinds that has not ended, as far as a refresh token can help: it is as it stands
 * otherwise. Whoever writes the lease first asks the provider, on whatever replica; the others wait for what it brings.
 * Rejects if the provider cannot be reached, or does not know the gateway.
 */
export async function renewLogin(
  options: LoginRenewal,
  name: SecretName,
  types: readonly SubjectTokenType[],
): Promise<KeptLogin | undefined> {
  for (let waited = 0; waited < patienceMs; waited += pollMs) {
    const found = await load(options, name);
    const token = found && tokenOf(found.login, types);
    if (found === undefined || token === undefined || isGood(token, options.clock)) return found?.login;
    if (found.login.refreshToken === undefined) return found.login;
    const leased = await takeLease(options, name, found);
    if (leased !== undefined) return exchange(options, name, leased);
    await pause(pollMs);
  }
  throw new Error('another replica renews the login and does not come to an end');
}

async function load({ vault }: LoginRenewal, name: SecretName): Promise<Read | undefined> {
  const found = await vault.get(name);
  return found && { login: readLogin(found.secret), version: found.version };
}

function write(
  { vault, clock }: LoginRenewal,
  name: SecretName,
  { login, version }: Read,
): Promise<number | 'conflict'> {
  return vault.put(name, loginSecret(login), version, keptUntil(login, clock));
}

async function takeLease(
  options: LoginRenewal,
  name: SecretName,
  { login, version }: Read,
): Promise<Read | undefined> {
  const { clock } = options;
  if ((login.leasedUntil ?? 0) > clock.now()) return undefined;
  const leased = { ...login, leasedUntil: clock.now() + leaseMs };
  const taken = await write(options, name, { login: leased, version });
  return taken === 'conflict' ? undefined : { login: leased, version: taken };
}

async function exchange(
  options: LoginRenewal,
  name: SecretName,
  { login: { leasedUntil: _lease, ...login }, version }: Read,
): Promise<KeptLogin | undefined> {
  const settle = async (next: KeptLogin): Promise<KeptLogin | undefined> => {
    const kept = await write(options, name, { login: next, version });
    // Somebody logged in anew meanwhile: theirs counts.
    return kept === 'conflict' ? (await load(options, name))?.login : next;
  };
  const asked = await ask(options, login).catch((fault: unknown) => ({ fault }));
  if (!('fault' in asked)) {
    // INVARIANT: a rotated token is kept before anything is done with what came; else it would be lost with this process.
    return settle(isSameUser(login, asked) ? withTokens(login, asked, options.clock) : {});
  }
  const { fault } = asked;
  const { refreshToken: _spent, ...without } = login;
  if (fault instanceof TokenRefused && ended.has(fault.code)) return settle(without);
  await settle(login);
  throw fault;
}

async function ask({ fetch, provider }: LoginRenewal, { refreshToken = '' }: KeptLogin): Promise<Tokens> {
  const { issuer, clientId, clientSecret, tokenEndpoint } = provider;
  const server =
    tokenEndpoint === undefined
      ? await discoverIssuer(fetch, issuer)
      : { issuer, token_endpoint: tokenEndpoint };
  return tokenRequests(fetch)({
    server,
    client: configured(clientId, clientSecret, server),
    grant: 'refresh_token',
    parameters: { refresh_token: refreshToken },
  });
}

function isSameUser({ subject }: KeptLogin, { idToken }: Tokens): boolean {
  return idToken === undefined || subject === undefined || idToken.subject === subject;
}

/** An answer without an ID token leaves the one that is there, unless that has ended (OpenID Connect Core section 12.2). */
function withTokens(login: KeptLogin, tokens: Tokens, clock: Pick<Clock, 'now'>): KeptLogin {
  const { accessToken, expiresIn, idToken, refreshToken = login.refreshToken } = tokens;
  const { idToken: oldToken, expiresAt: oldEnd = 0, subject } = login;
  const old = isGood({ expiresAt: oldEnd }, clock) ? oldToken : undefined;
  const id = idToken ?? (old === undefined ? undefined : { token: old, expiresAt: oldEnd });
  return {
    ...(subject !== undefined && { subject }),
    ...(id !== undefined && { idToken: id.token, expiresAt: id.expiresAt }),
    accessToken,
    accessTokenExpiresAt: clock.now() + (expiresIn === undefined ? defaultLifeMs : expiresIn * 1000),
    ...(refreshToken !== undefined && { refreshToken }),
  };
}
