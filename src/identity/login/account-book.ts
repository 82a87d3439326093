import { stringMember } from '../../model/json.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Documents, StoredDocument } from '../../pipeline/store-ports.ts';
import { ownerAccountId } from './account-id.ts';
import { createAccounts, type LoginAccount } from './accounts.ts';
import { createSetupLinks } from './owner/setup-link.ts';

/** A consent as an operator reads it. */
export interface BookedConsent {
  readonly account: string;
  readonly client: string;
  readonly clientName: string;
  readonly resources: readonly string[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Accounts and consents as their operator tends them, beside a gateway that runs or in its absence. */
export interface AccountBook {
  /** Oldest first, at most 1,000. */
  readonly accounts: () => Promise<readonly LoginAccount[]>;
  /** Undefined when there is no account of that id. A disabled one is logged out, and its applications with it. */
  readonly setDisabled: (id: string, disabled: boolean) => Promise<LoginAccount | undefined>;
  /** Removes the owner's login, passkeys and password, and whatever was granted by it. False if there was none. */
  readonly resetOwner: () => Promise<boolean>;
  /** A new one-time link below `base`, such as `https://gateway.example/as`; undefined once there is an owner. */
  readonly setupLink: (base: string) => Promise<string | undefined>;
  readonly consents: (account?: string) => Promise<readonly BookedConsent[]>;
  /** Takes a consent back: its refresh tokens are good no more. False if there is none. */
  readonly withdraw: (account: string, client: string) => Promise<boolean>;
}

const most = 1_000;

/** Opens the book of a store. Replicas see each change at their next look, which is at the next request. */
export function createAccountBook(documents: Documents, clock: Pick<Clock, 'now'>): AccountBook {
  const accounts = createAccounts(documents, clock);
  const logOut = async (account: string): Promise<void> => {
    // A session or grant that is gone cannot be refreshed (OpenID Connect Core section 12.2).
    for (const kind of ['oidc:Session', 'oidc:Grant', 'oidc:RefreshToken', 'oidc:AuthorizationCode']) {
      await removeWhere(documents, kind, ({ value }) => value['accountId'] === account);
    }
  };
  return {
    accounts: () => accounts.list(most),
    setDisabled: async (id, disabled) => {
      if (!(await accounts.setDisabled(id, disabled))) return undefined;
      if (disabled) await logOut(id);
      return accounts.find(id);
    },
    resetOwner: async () => {
      // The account last: if this stops in between, it can be begun again.
      const isOwners = ({ value }: StoredDocument): boolean => value['account'] === ownerAccountId;
      await logOut(ownerAccountId);
      await removeWhere(documents, 'consent', isOwners);
      await removeWhere(documents, 'passkey', isOwners);
      await documents.remove('account-password', ownerAccountId);
      await documents.remove('login-setup', ownerAccountId);
      return documents.remove('account', ownerAccountId);
    },
    setupLink: (base) => createSetupLinks(`${base}/setup`, documents, accounts, clock).make(),
    consents: async (account) => {
      const all = (await documents.find('consent', { limit: most })).map(bookedConsent);
      return all.filter((consent) => account === undefined || consent.account === account);
    },
    withdraw: async (account, client) => {
      const grants = (value: StoredDocument['value']): boolean =>
        value['accountId'] === account && value['clientId'] === client;
      for (const kind of ['oidc:Grant', 'oidc:RefreshToken', 'oidc:AuthorizationCode']) {
        await removeWhere(documents, kind, ({ value }) => grants(value));
      }
      const removed = await removeWhere(
        documents,
        'consent',
        ({ value }) => value['account'] === account && value['client'] === client,
      );
      return removed > 0;
    },
  };
}

function bookedConsent({ value }: StoredDocument): BookedConsent {
  const rights = value['rights'] as { readonly resources?: object } | undefined;
  return {
    account: stringMember(value, 'account') ?? '',
    client: stringMember(value, 'client') ?? '',
    clientName: stringMember(value, 'clientName') ?? '',
    resources: Object.keys(rights?.resources ?? {}),
    at: Number(value['at']),
  };
}

/** Looks through all documents of a kind, in pages that grow until one holds them all. */
async function removeWhere(
  documents: Documents,
  kind: string,
  isMeant: (document: StoredDocument) => boolean,
): Promise<number> {
  let removed = 0;
  for (let limit = most; ; limit *= 2) {
    const found = await documents.find(kind, { limit });
    for (const document of found.filter(isMeant)) {
      if (await documents.remove(kind, document.id)) removed += 1;
    }
    if (found.length < limit) return removed;
  }
}
