import { stringMember } from '../../../model/json.ts';
import type { Clock } from '../../../pipeline/ports.ts';
import type { Documents, StoredDocument } from '../../../pipeline/store-ports.ts';
import { ownerAccountId } from '../account-id.ts';
import type { Accounts } from '../accounts.ts';
import type { Browser } from '../browser.ts';
import { digest, newSecret, sameSecret } from '../secrets.ts';

/** The one-time link by which the owner is set up. */
export interface SetupLinks {
  /** A new link, which makes an older one void; undefined once there is an owner. Good for 30 minutes. */
  readonly make: () => Promise<string | undefined>;
  /** Whether a token may still be used in a browser: by nobody before, or by this one. */
  readonly allows: (token: string, browser: Browser) => Promise<boolean>;
  /**
   * Uses the token: from now on it is good in this browser alone, for the second way to log in. False if another browser
   * was quicker.
   */
  readonly take: (token: string, browser: Browser) => Promise<boolean>;
  /** The owner is done: the token is void. */
  readonly finish: () => Promise<void>;
}

const kind = 'login-setup';
const lifetimeMs = 30 * 60_000;

/** Makes links below the address of the set-up page. */
export function createSetupLinks(
  place: string,
  documents: Documents,
  accounts: Accounts,
  clock: Pick<Clock, 'now'>,
): SetupLinks {
  /** The document of a token that this browser may use. */
  const open = async (token: string, browser: Browser) => {
    const found = await documents.get(kind, ownerAccountId);
    if (found === undefined || !isTokenOf(found, token)) return undefined;
    const taken = stringMember(found.value, 'browser');
    if (taken !== undefined) return taken === browser.id ? found : undefined;
    return (await accounts.find(ownerAccountId)) === undefined ? found : undefined;
  };
  return {
    make: async () => {
      if ((await accounts.find(ownerAccountId)) !== undefined) return undefined;
      const token = newSecret();
      const expiresAt = clock.now() + lifetimeMs;
      await documents.put(kind, ownerAccountId, { value: { token: digest(token) }, expiresAt });
      return `${place}/${token}`;
    },
    allows: async (token, browser) => (await open(token, browser)) !== undefined,
    take: async (token, browser) => {
      const found = await open(token, browser);
      if (found === undefined) return false;
      const { version, value, expiresAt = clock.now() } = found;
      const taken = { value: { ...value, browser: browser.id }, expiresAt };
      return (await documents.put(kind, ownerAccountId, taken, version)) !== 'conflict';
    },
    finish: async () => {
      await documents.remove(kind, ownerAccountId);
    },
  };
}

function isTokenOf({ value }: StoredDocument, token: string): boolean {
  return sameSecret(stringMember(value, 'token') ?? '', digest(token));
}
