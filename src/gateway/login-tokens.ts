import type { ProviderTokens } from '../identity/login/options.ts';
import {
  isGood,
  type KeptLogin,
  keptUntil,
  loginSecret,
  readLogin,
  type SubjectTokenType,
  tokenOf,
} from '../identity/upstream/kept-login.ts';
import type { BrowserUser, LoginAssertions } from '../identity/upstream/options.ts';
import { type LoginRenewal, renewLogin } from '../identity/upstream/renew-login.ts';
import type { SecretName, Vault } from '../identity/vault/vault.ts';
import { stringMember } from '../model/json.ts';
import type { Clock } from '../pipeline/ports.ts';

/** What the login provider gave out for each user, kept in the vault. */
export interface LoginTokens {
  readonly keep: (user: Pick<BrowserUser, 'issuer' | 'subject'>, tokens: ProviderTokens) => Promise<void>;
  readonly subjectToken: LoginAssertions['subjectToken'];
}

const attempts = 20;

/** Keeps the newest login of each user, and renews it at the provider. Without a provider nothing is renewed. */
export function loginTokens(
  vault: Vault,
  clock: Pick<Clock, 'now'>,
  renewal?: Pick<LoginRenewal, 'fetch' | 'provider'>,
): LoginTokens {
  const renewing = new Map<string, Promise<KeptLogin | undefined>>();
  /** Calls of one process share one renewal. */
  const renew = (name: SecretName, types: readonly SubjectTokenType[]): Promise<KeptLogin | undefined> => {
    if (renewal === undefined) return Promise.resolve(undefined);
    const key = JSON.stringify([name.user, types]);
    const running = renewing.get(key);
    if (running !== undefined) return running;
    const started = renewLogin({ vault, clock, ...renewal }, name, types).finally(() => renewing.delete(key));
    renewing.set(key, started);
    return started;
  };
  return {
    keep: (user, tokens) => write(vault, clock, placeOf(user), keptLogin(tokens)),
    subjectToken: async ({ user }, types) => {
      const name = placeOf(user);
      const found = await vault.get(name);
      const first = found && tokenOf(readLogin(found.secret), types);
      if (first === undefined || isGood(first, clock)) return shown(first);
      const renewed = tokenOf((await renew(name, types)) ?? {}, types);
      return renewed !== undefined && renewed.expiresAt > clock.now() ? shown(renewed) : undefined;
    },
  };
}

/** Writes over what is there, which a renewal may change at the same moment. */
async function write(
  vault: Vault,
  clock: Pick<Clock, 'now'>,
  name: SecretName,
  login: KeptLogin,
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    // What cannot be opened any more must not keep its user from logging in.
    const before = await vault.get(name).catch(() => vault.remove(name).then(() => undefined));
    const written = await vault.put(
      name,
      loginSecret(login),
      before?.version ?? 'absent',
      keptUntil(login, clock),
    );
    if (written !== 'conflict') return;
  }
  throw new Error('the login could not be kept: it changes all the time');
}

function keptLogin({ claims, ...tokens }: ProviderTokens): KeptLogin {
  const subject = stringMember(claims, 'sub');
  return { ...tokens, ...(subject !== undefined && { subject }) };
}

function shown(token: ReturnType<typeof tokenOf>): Awaited<ReturnType<LoginAssertions['subjectToken']>> {
  return token && { token: token.token, type: `urn:ietf:params:oauth:token-type:${token.type}` };
}

function placeOf({ issuer, subject }: Pick<BrowserUser, 'issuer' | 'subject'>): SecretName {
  return { tenant: 'login', user: JSON.stringify([issuer, subject]), upstream: 'login provider' };
}
