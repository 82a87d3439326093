/** What a client is told when a request fails here: most often the store is out of reach. The operator is told why. */
export const faultDescription: string =
  'this server cannot reach what it needs to answer; nothing was granted. Try again in a moment';

/** How many seconds a client should wait before it tries again. */
const retrySeconds = '2';

/** The answer as koa holds it. */
interface Answering {
  status: number;
  body?: unknown;
  readonly set: (name: string, value: string) => void;
}

/**
 * Puts that in place of what oidc-provider says of faults. `temporarily_unavailable` is the word of RFC 6749 section
 * 4.1.2.1; section 5.2 has none for faults. Pages are left as they are.
 */
export function answerFault(context: Answering): void {
  const { error } = Object(context.body) as { readonly error?: unknown };
  if (context.status !== 500 || error !== 'server_error') return;
  context.status = 503;
  context.set('Retry-After', retrySeconds);
  context.body = { error: 'temporarily_unavailable', error_description: faultDescription };
}
