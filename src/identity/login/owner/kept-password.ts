import { stringMember } from '../../../model/json.ts';
import type { Documents } from '../../../pipeline/store-ports.ts';
import { createPasswordHashes } from './password.ts';

/** The passwords of accounts, as hashes. */
export interface KeptPasswords {
  readonly has: (account: string) => Promise<boolean>;
  readonly set: (account: string, password: string) => Promise<void>;
  /** Takes as long for an account without a password as for one with. */
  readonly verify: (account: string, password: string) => Promise<boolean>;
  readonly forget: (account: string) => Promise<void>;
}

const kind = 'account-password';

/** Keeps them apart from the accounts, which are read with every token. */
export function createKeptPasswords(documents: Documents): KeptPasswords {
  const hashes = createPasswordHashes();
  return {
    has: async (account) => (await documents.get(kind, account)) !== undefined,
    set: async (account, password) => {
      await documents.put(kind, account, { value: { hash: await hashes.make(password) } });
    },
    verify: async (account, password) => {
      const found = await documents.get(kind, account);
      return hashes.verify(password, stringMember(found?.value, 'hash'));
    },
    forget: async (account) => {
      await documents.remove(kind, account);
    },
  };
}
