import type { ProviderTokens } from '../identity/login/options.ts';
import type { BrowserUser, LoginAssertions } from '../identity/upstream/options.ts';
import type { SecretName, Vault } from '../identity/vault/vault.ts';
import { stringMember } from '../model/json.ts';
import type { Clock } from '../pipeline/ports.ts';

/** What the login provider gave out for each user, kept in the vault. */
export interface LoginTokens {
  readonly keep: (user: Pick<BrowserUser, 'issuer' | 'subject'>, tokens: ProviderTokens) => Promise<void>;
  readonly subjectToken: LoginAssertions['subjectToken'];
}

const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';
const refreshTokenType = 'urn:ietf:params:oauth:token-type:refresh_token';
const longestMs = 30 * 86_400_000;

/** Keeps the newest login of each user. Of two at the same moment either may stay: both are good. */
export function loginTokens(vault: Vault, clock: Pick<Clock, 'now'>): LoginTokens {
  return {
    keep: async (user, { idToken, refreshToken, expiresAt }) => {
      const name = placeOf(user);
      // What cannot be opened any more must not keep its user from logging in.
      const before = await vault.get(name).catch(() => vault.remove(name).then(() => undefined));
      const secret = { idToken, expiresAt, ...(refreshToken !== undefined && { refreshToken }) };
      const until = refreshToken === undefined ? expiresAt : clock.now() + longestMs;
      await vault.put(name, secret, before?.version ?? 'absent', until);
    },
    subjectToken: async ({ user }) => {
      const { secret } = (await vault.get(placeOf(user))) ?? {};
      const [idToken, refreshToken] = [stringMember(secret, 'idToken'), stringMember(secret, 'refreshToken')];
      if (idToken !== undefined && Number(secret?.['expiresAt']) > clock.now() + 5_000)
        return { token: idToken, type: idTokenType };
      return refreshToken === undefined ? undefined : { token: refreshToken, type: refreshTokenType };
    },
  };
}

function placeOf({ issuer, subject }: Pick<BrowserUser, 'issuer' | 'subject'>): SecretName {
  return { tenant: 'login', user: JSON.stringify([issuer, subject]), upstream: 'login provider' };
}
