import { ownerIssuer } from '../control/default-policy.ts';
import type { Settings } from '../control/settings.ts';
import { type AccountBook, createAccountBook } from '../identity/login/account-book.ts';
import { ownerAccountId } from '../identity/login/account-id.ts';
import { openStores } from './open-stores.ts';
import { systemClock } from './system-clock.ts';

/** How accounts are tended from the command line, beside a gateway that runs. */
export interface AccountKeeping extends AccountBook {
  /**
   * Ends every token of an account within a second, where the gateway can be told through the store. The owner's own
   * token file is spared. Answers whether tokens were ended.
   */
  readonly endTokens: (account: {
    readonly id: string;
    readonly issuer: string;
    readonly subject: string;
  }) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

const weekMs = 7 * 86_400_000;

/** Opens the stores of the configuration for it. Rejects when they cannot be reached. */
export async function openAccountKeeping(settings: Settings): Promise<AccountKeeping> {
  const clock = systemClock();
  const stores = await openStores(settings, clock);
  return {
    ...createAccountBook(stores.documents, clock),
    endTokens: async ({ id, issuer, subject }) => {
      if (settings.store.hot === 'memory' || id === ownerAccountId || issuer === ownerIssuer) return false;
      const now = clock.now();
      await stores.hot.epochs.bump({ kind: 'user', id: `${issuer} ${subject}` }, now, now + weekMs);
      return true;
    },
    close: stores.close,
  };
}
