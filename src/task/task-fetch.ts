import type { Prover } from './dpop.ts';

/** A `fetch` that shows a bound token with a proof of its key; a request is repeated once when the server asks for a nonce. */
export function taskFetch(token: string, prover: Prover, send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    // A body that is read once cannot be sent again, so it is kept before the first attempt.
    const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer());
    const attempt = async (): Promise<Response> => {
      const headers = new Headers(request.headers);
      headers.set('authorization', `DPoP ${token}`);
      headers.set('dpop', await prover.prove(request.method, request.url, token));
      return send(request.url, {
        method: request.method,
        headers,
        redirect: 'error',
        signal: request.signal,
        ...(body !== undefined && { body }),
      });
    };
    const response = await attempt();
    if (!prover.learn(request.url, response)) return response;
    await response.body?.cancel();
    return attempt();
  };
}
