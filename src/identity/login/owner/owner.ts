import type { JsonObject } from '../../../model/json.ts';
import { ownerAccountId } from '../account-id.ts';
import { type Accounts, createAccounts } from '../accounts.ts';
import type { Authenticated, InteractionsOptions } from '../options.ts';
import { type AttemptKey, createAttempts } from './attempts.ts';
import { createKeptPasswords, type KeptPasswords } from './kept-password.ts';
import { createPasskeys, type Passkeys } from './passkeys.ts';
import { createSetupLinks, type SetupLinks } from './setup-link.ts';

/** The person who runs the gateway: how she is set up and logs in. */
export interface OwnerLogin {
  /** Where the owner is known: this authorization server. */
  readonly issuer: string;
  readonly accounts: Accounts;
  readonly passkeys: Passkeys;
  readonly passwords: KeptPasswords;
  readonly links: SetupLinks;
  /** The login of a password or passkey; undefined if it does not hold. Counts attempts of the account and the peer. */
  readonly byPassword: (password: string, peer: string) => Promise<Authenticated | undefined>;
  readonly byPasskey: (place: string, answer: JsonObject, peer: string) => Promise<Authenticated | undefined>;
}

/** Makes it of documents: nothing is kept in memory. */
export function createOwnerLogin(
  options: Pick<InteractionsOptions, 'base' | 'documents' | 'clock'>,
): OwnerLogin {
  const { base, documents, clock } = options;
  const accounts = createAccounts(documents, clock);
  const passkeys = createPasskeys(new URL(base).origin, documents, clock);
  const passwords = createKeptPasswords(documents);
  const attempts = createAttempts(documents, clock);
  const enabled = async (id: string): Promise<boolean> => (await accounts.find(id))?.disabled === false;
  const at = (): number => Math.floor(clock.now() / 1000);
  return {
    issuer: base,
    accounts,
    passkeys,
    passwords,
    links: createSetupLinks(`${base}/setup`, documents, accounts, clock),
    byPassword: async (password, peer) => {
      const keys: readonly AttemptKey[] = [
        { kind: 'peer', id: peer },
        { kind: 'account', id: ownerAccountId },
      ];
      await attempts.begin(keys);
      const right = await passwords.verify(ownerAccountId, password);
      if (!right || !(await enabled(ownerAccountId))) return undefined;
      await attempts.succeed(keys);
      return { accountId: ownerAccountId, at: at(), amr: ['pwd'] };
    },
    byPasskey: async (place, answer, peer) => {
      const keys: readonly AttemptKey[] = [{ kind: 'peer', id: peer }];
      await attempts.begin(keys);
      const login = await passkeys.verify(place, answer);
      if (login === undefined || !(await enabled(login.accountId))) return undefined;
      await attempts.succeed(keys);
      // RFC 8176 for `amr`; `phr` and `phrh` of OpenID Connect Extended Authentication Profile ACR Values 1.0.
      const { accountId, hardware } = login;
      const amr = [hardware ? 'hwk' : 'swk', 'user', 'mfa'];
      return { accountId, at: at(), amr, acr: hardware ? 'phrh' : 'phr' };
    },
  };
}
