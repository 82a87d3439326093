import type { Clock } from '../../pipeline/ports.ts';
import type { Fetch } from '../fetch-json.ts';
import type { SecretName, Vault } from '../vault/vault.ts';
import { configured } from './client-registration.ts';
import { discoverIssuer } from './discovery.ts';
import type { SubjectTokenType } from './kept-login.ts';
import { isGood, type KeptLogin, keptUntil, loginSecret, readLogin, tokenOf } from './kept-login.ts';
import type { LoginAssertions } from './options.ts';
import { renewOnce, type Versioned } from './renew-once.ts';
import { TokenRefused, type Tokens, tokenRequests } from './token-request.ts';

/** What logins are renewed with. */
export interface LoginRenewal {
  readonly vault: Vault;
  readonly clock: Pick<Clock, 'now'>;
  /** Reaches the login provider. */
  readonly fetch: Fetch;
  readonly provider: Pick<LoginAssertions, 'issuer' | 'clientId' | 'clientSecret' | 'tokenEndpoint'>;
}

/** Longer than the discovery and the request may take. */
const leaseMs = 40_000;
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
export function renewLogin(
  options: LoginRenewal,
  name: SecretName,
  types: readonly SubjectTokenType[],
): Promise<KeptLogin | undefined> {
  const { clock } = options;
  return renewOnce({
    clock,
    leaseMs,
    what: 'the login',
    load: () => load(options, name),
    write: (kept) => write(options, name, kept),
    settled: (login) => {
      const token = tokenOf(login, types);
      const isDone = token === undefined || isGood(token, clock) || login.refreshToken === undefined;
      return isDone ? { answer: login } : undefined;
    },
    renew: (leased) => exchange(options, name, leased),
  });
}

async function load({ vault }: LoginRenewal, name: SecretName): Promise<Versioned<KeptLogin> | undefined> {
  const found = await vault.get(name);
  return found && { value: readLogin(found.secret), version: found.version };
}

function write(
  { vault, clock }: LoginRenewal,
  name: SecretName,
  { value: login, version }: Versioned<KeptLogin>,
): Promise<number | 'conflict'> {
  return vault.put(name, loginSecret(login), version, keptUntil(login, clock));
}

async function exchange(
  options: LoginRenewal,
  name: SecretName,
  { value: { leasedUntil: _lease, ...login }, version }: Versioned<KeptLogin>,
): Promise<KeptLogin | undefined> {
  const settle = async (next: KeptLogin): Promise<KeptLogin | undefined> => {
    const kept = await write(options, name, { value: next, version });
    // Somebody logged in anew meanwhile: theirs counts.
    return kept === 'conflict' ? (await load(options, name))?.value : next;
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
