import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { JsonObject } from '../../model/json.ts';

/** The pages where users log in and consent, as the authorization server uses them. */
export interface Interactions {
  /** Absolute paths that they answer, and everything below; `<issuer path>/interaction` must be among them. */
  readonly paths: readonly string[];
  /** Answers one request; must answer, whatever happens. */
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
  /** Who a subject is; undefined when there is no such person (any more). */
  readonly findAccount: (subject: string) => Promise<Account | undefined>;
}

/** A person who has logged in here. */
export interface Account {
  /** The `sub` of tokens. */
  readonly accountId: string;
  /** What tokens say of the person beside `sub`, such as `roles` and `groups` (RFC 9068 section 2.2.3). */
  readonly claims: JsonObject;
}

/** What the pages are made with. */
export interface InteractionsContext {
  /**
   * For `interactionDetails`, `interactionFinished` and `Grant`. INVARIANT: when the server starts to sign with another
   * key it makes another provider and other pages; nothing that must outlive a request may stay in their memory.
   */
  readonly provider: Provider;
  /** The issuer: `https://gateway.example/as`. A login stands at `<base>/interaction/<uid>`. */
  readonly base: string;
}

/** Makes the pages for a provider. */
export type CreateInteractions = (context: InteractionsContext) => Interactions;
