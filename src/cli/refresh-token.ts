import type { TokenOrder } from '../control/gateway-contract.ts';
import { faultMessage } from '../model/fault-message.ts';

/** What keeps the owner's token file good. */
export interface TokenRefresh {
  readonly minutes: number;
  readonly resource: string;
  readonly issue: (order: TokenOrder) => Promise<{ readonly value: string }>;
  readonly write: (token: string) => Promise<void>;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Writes a new token at half the life of the last, so that a bridge started any day finds one that is valid. */
export function refreshToken({ minutes, resource, issue, write, warn, signal }: TokenRefresh): void {
  const renew = async (): Promise<void> => {
    try {
      await write((await issue({ resource, minutes })).value);
    } catch (error) {
      warn(`the owner's token could not be renewed: ${faultMessage(error)}`);
    }
  };
  const timer = setInterval(() => void renew(), minutes * 30_000);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
