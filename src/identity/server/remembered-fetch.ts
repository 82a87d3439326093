import type { Fetch } from '../fetch-json.ts';
import { createLru } from '../lru.ts';

/** How often strangers can make us fetch: what an address answered, also that it failed, counts this long. */
const rememberMs = 10_000;
const mostAddresses = 100;

interface Remembered {
  readonly answer: Promise<Answer>;
  readonly until: number;
}

interface Answer {
  readonly status: number;
  readonly headers: readonly [string, string][];
  readonly body: ArrayBuffer;
}

/**
 * A `fetch` of documents by GET that asks each address at most once in ten seconds. oidc-provider remembers documents
 * that are good; one that is bad it would fetch again for every request that names it, and twice for some.
 */
export function rememberedFetch(fetch: Fetch, now: () => number): Fetch {
  const remembered = createLru<Remembered>(mostAddresses);
  return async (input, init) => {
    const asked = new Request(input);
    const known = remembered.get(asked.url);
    const fresh = known !== undefined && known.until > now();
    const answer = fresh ? known.answer : once(fetch, asked, init);
    if (!fresh) remembered.set(asked.url, { answer, until: now() + rememberMs });
    const { status, headers, body } = await answer;
    return new Response(body.byteLength === 0 ? null : body, { status, headers: [...headers] });
  };
}

async function once(fetch: Fetch, asked: Request, init: Parameters<Fetch>[1]): Promise<Answer> {
  const response = await fetch(asked.url, init);
  return {
    status: response.status,
    headers: [...response.headers],
    body: await response.arrayBuffer(),
  };
}
