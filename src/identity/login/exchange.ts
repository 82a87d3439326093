import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request to a page of ours. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What follows the first segment below the base: `['<uid>', 'consent']` of `/as/interaction/<uid>/consent`. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

/** Answers it. Throws {@link RequestFault} for what cannot be served. */
export type Answer = (exchange: Exchange) => Promise<void>;

/** The method and the step of a request, as the tables of routes name them. */
export function routeOf({ request }: Exchange, step: string): string {
  return `${request.method ?? ''} ${step}`;
}
