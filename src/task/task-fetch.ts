import { type Prover, proofAnswer } from './dpop.ts';

/** A `fetch` that shows a bound token with a proof of its key; a request is repeated once when the server asks for a nonce. */
export function taskFetch(token: string, prover: Prover, send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    // A body that is read once cannot be sent again, so it is kept before the first attempt.
    const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer());
    const attempt = async (): Promise<Response> => {
      const headers = new Headers(request.headers);
      const authorization = await authorizationHeaders(token, prover, request.method, request.url);
      for (const [name, value] of Object.entries(authorization)) headers.set(name, value);
      return send(request.url, {
        method: request.method,
        headers,
        redirect: 'error',
        signal: request.signal,
        ...(body !== undefined && { body }),
      });
    };
    const response = await attempt();
    if (!prover.learn(request.url, proofAnswer(response))) return response;
    await response.body?.cancel();
    return attempt();
  };
}

/** The headers that one request shows a bound token and the proof of its key with (RFC 9449 section 7.1). */
export async function authorizationHeaders(
  token: string,
  prover: Prover,
  method: string,
  url: string,
): Promise<Readonly<Record<'authorization' | 'dpop', string>>> {
  return { authorization: `DPoP ${token}`, dpop: await prover.prove(method, url, token) };
}
