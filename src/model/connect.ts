import { ownMetaPrefix } from './meta-key.ts';
import { type Refusal, refuse } from './refusal.ts';

/** The key under which the gateway asks the user to connect an account; nothing under its prefix is an upstream's. */
export const connectKey: string = `${ownMetaPrefix}connect`;

/** The user must connect an account first: open a page of the gateway in a browser (client/elicitation, mode `url`). */
export interface Connect {
  readonly kind: 'connect';
  readonly url: string;
  readonly elicitationId: string;
  /** What the user is asked to do, in one sentence. */
  readonly message: string;
}

/** The refusal that carries the question; the front puts it to clients that can open an address. */
export function connectionRequired({ url, elicitationId, message }: Connect): Refusal {
  return refuse('connection_required', message, { reason: message, data: { url, elicitationId, message } });
}
