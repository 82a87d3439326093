import type { IncomingMessage } from 'node:http';
import type { JsonObject } from '../../model/json.ts';
import type { PeerCertificate } from '../../pipeline/ports.ts';

/**
 * What a request showed of its client before oidc-provider sees it: what that library cannot check itself. `anonymous`:
 * a grant that is an authentication by itself, sent without any client (RFC 7521 section 4.1).
 */
export type Presented =
  | { readonly kind: 'x509-svid' | 'jwt-svid'; readonly id: string }
  | { readonly kind: 'assertion' | 'other' | 'anonymous' };

/** What is known of one request while it is answered. */
export interface Shown {
  readonly presented: Presented;
  /** Also where the client authenticated in another way: tokens can be bound to it (RFC 8705 section 3). */
  readonly certificate: PeerCertificate | undefined;
  /** Whether a DPoP proof came along. */
  readonly dpop: boolean;
  readonly parameters: URLSearchParams;
  /** Of the access token that is asked about or taken back, once its signature was verified. */
  readonly token?: JsonObject;
  readonly peer: string;
}

/** The client that stands for none. Nobody can ask for it: it exists only in a request that was found to be anonymous. */
export const anonymousClient = 'urn:bartizan:client:none';

/** Notes by request. The library hands its own request object around, which is the one noted here. */
export interface ShownRequests {
  readonly note: (request: IncomingMessage, shown: Shown) => void;
  readonly of: (request: IncomingMessage | undefined) => Shown | undefined;
}

export function shownRequests(): ShownRequests {
  const notes = new WeakMap<IncomingMessage, Shown>();
  return {
    note: (request, shown) => {
      notes.set(request, shown);
    },
    of: (request) => (request === undefined ? undefined : notes.get(request)),
  };
}
