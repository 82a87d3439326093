import { arrayMember, type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Documents, StoredDocument } from '../../pipeline/store-ports.ts';
import { changeDocument } from './change-document.ts';
import { RequestFault } from './request-fault.ts';

/** Somebody who may log in. */
export interface LoginAccount {
  readonly id: string;
  /** Who it is at the OpenID provider; for the owner this gateway. */
  readonly issuer: string;
  readonly subject: string;
  /** What tokens say of the account. */
  readonly claims: JsonObject;
  readonly disabled: boolean;
}

/** The accounts of those who log in here. */
export interface Accounts {
  readonly find: (id: string) => Promise<LoginAccount | undefined>;
  /**
   * Enters an account, or replaces what was known of it: claims that the provider took away are gone.
   * @throws RequestFault when the account is disabled
   */
  readonly enter: (account: Omit<LoginAccount, 'disabled'>) => Promise<void>;
  /** A disabled account gets no tokens any more, refreshed ones included. Answers whether there is such an account. */
  readonly setDisabled: (id: string, disabled: boolean) => Promise<boolean>;
  /** Oldest first, at most `limit`. */
  readonly list: (limit: number) => Promise<readonly LoginAccount[]>;
}

const kind = 'account';

/** Keeps accounts in documents. */
export function createAccounts(documents: Documents, clock: Pick<Clock, 'now'>): Accounts {
  return {
    find: async (id) => accountOf(await documents.get(kind, id)),
    enter: async (account) => {
      await changeDocument(documents, kind, account.id, (found) => {
        if (accountOf(found)?.disabled === true) throw new RequestFault(403, 'this account is disabled');
        const now = clock.now();
        const createdAt = found?.value['createdAt'] ?? now;
        const { issuer, subject, claims } = account;
        return { value: { issuer, subject, claims, disabled: false, createdAt, loginAt: now } };
      });
    },
    setDisabled: (id, disabled) =>
      changeDocument(documents, kind, id, (found) =>
        found === undefined ? undefined : { value: { ...found.value, disabled } },
      ),
    list: async (limit) => {
      const found = await documents.find(kind, { limit });
      return found.map(accountOf).filter((account) => account !== undefined);
    },
  };
}

function accountOf(found: StoredDocument | undefined): LoginAccount | undefined {
  if (found === undefined) return undefined;
  return {
    id: found.id,
    issuer: stringMember(found.value, 'issuer') ?? '',
    subject: stringMember(found.value, 'subject') ?? '',
    claims: objectMember(found.value, 'claims') ?? {},
    // Only a clear no lets anybody in.
    disabled: found.value['disabled'] !== false,
  };
}

/** How pages name an account. */
export function accountLabel({ id, claims }: LoginAccount): string {
  const name = ['name', 'preferred_username', 'email'].map((member) => stringMember(claims, member));
  const roles = arrayMember(claims, 'roles') ?? [];
  return (
    name.find((text) => text !== undefined && text !== '') ?? (roles.includes('owner') ? 'the owner' : id)
  );
}
