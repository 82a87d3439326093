/** HTTPS to a gateway that shows an X.509-SVID, by a client that may show one too. */
import { Agent, fetch as undiciFetch } from 'undici';
import type { Workload } from '../../../src/identity/spiffe/contract.ts';
import { serverOptions } from '../../../src/identity/spiffe/tls-client-options.ts';
import { parseSpiffePattern, type SpiffePattern } from '../../../src/model/spiffe-id.ts';
import type { Clock } from '../../../src/pipeline/ports.ts';
import type { Pair } from './domains.ts';

export interface SpiffeFetch {
  readonly fetch: typeof fetch;
  readonly close: () => Promise<void>;
}

/** A `fetch` that accepts the server of one SPIFFE ID alone, and shows the pair, if there is one. */
export function spiffeFetch(observer: Workload, clock: Clock, expected: string, pair?: Pair): SpiffeFetch {
  const pattern = patternOf(expected);
  const { ca, ...options } = serverOptions(observer.bundles, clock, pattern);
  const agent = new Agent({ connect: { ...options, ca: [...ca], ...pair } });
  const send = (input: unknown, init?: object): unknown =>
    undiciFetch(input as string, { ...init, dispatcher: agent });
  return { fetch: send as typeof fetch, close: () => agent.destroy() };
}

function patternOf(text: string): SpiffePattern {
  const pattern = parseSpiffePattern(text);
  if (pattern === undefined) throw new Error(`\`${text}\` is no SPIFFE ID`);
  return pattern;
}
