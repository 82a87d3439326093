import { parseSpiffeId } from '../../model/spiffe-id.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { TokenFailure } from '../failure.ts';
import { createLru, type Lru } from '../lru.ts';
import { parseUnverified } from '../parse-jwt.ts';
import { CallFault, type WorkloadApiClient } from './workload-api/client.ts';

/** The JWT-SVIDs of ours. */
export interface OwnJwtSvids {
  /** Of the default identity, or of another one that the agent has for us. */
  readonly get: (audience: string, id?: string) => Promise<string>;
  /** Forgets all of them: our identity changed or was taken back. */
  readonly clear: () => void;
}

interface Kept {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly renewAt: number;
  readonly expiresAt: number;
}

const mostKept = 256;
/** Nobody should get a token that ends while the request is under way. */
const spareMs = 5_000;

/**
 * Makes them. One call per audience and identity is under way at a time. A token is renewed in the last third of its life; while the
 * agent is away it is used until its end, but not after the agent refused it.
 */
export function ownJwtSvids(fetchSvid: WorkloadApiClient['jwtSvid'], clock: Clock): OwnJwtSvids {
  let kept: Lru<Kept> = createLru(mostKept);
  let running = new Map<string, Promise<string>>();

  const fetchOne = async (key: string, audience: string, id: string | undefined): Promise<string> => {
    const into = kept;
    try {
      const answer = await fetchSvid([audience], id).catch(withoutIdentity(id));
      const fresh = readToken(answer, audience, id, clock.now());
      into.set(key, fresh);
      return fresh.token;
    } catch (fault) {
      const old = into.get(key);
      const isAway = fault instanceof CallFault && fault.kind === 'away';
      if (isAway && old !== undefined && clock.now() < old.expiresAt - spareMs) return old.token;
      into.delete(key);
      throw fault;
    }
  };

  return {
    get: (audience, id) => {
      const key = JSON.stringify([audience, id]);
      const old = kept.get(key);
      if (old !== undefined && clock.now() < old.renewAt) return Promise.resolve(old.token);
      const flights = running;
      const flight = flights.get(key) ?? fetchOne(key, audience, id).finally(() => flights.delete(key));
      flights.set(key, flight);
      return flight;
    },
    clear: () => {
      kept = createLru(mostKept);
      running = new Map();
    },
  };
}

type Answer = Awaited<ReturnType<WorkloadApiClient['jwtSvid']>>;

/** Which identity was asked for, where the agent says no more than that it has none. */
function withoutIdentity(id: string | undefined): (fault: unknown) => never {
  return (fault) => {
    if (id === undefined || !(fault instanceof CallFault) || fault.kind === 'away') throw fault;
    throw new CallFault(fault.kind, `no JWT-SVID of \`${id}\`: ${fault.message}`);
  };
}

/**
 * The identity that was asked for, or the first one, which is the default (Workload API section 8). The agent signed it, so
 * only its shape is looked at.
 */
function readToken(answer: Answer, audience: string, id: string | undefined, now: number): Kept {
  const first = svidOf(answer, id);
  const jwt = parseUnverified(first.svid);
  if (jwt instanceof TokenFailure)
    throw new Error(`the SPIFFE agent sent a JWT-SVID that is none: ${jwt.detail}`);
  const { sub, exp, aud } = jwt.claims as { readonly [claim: string]: unknown };
  const isOurs = typeof sub === 'string' && parseSpiffeId(sub) !== undefined && sub === first.spiffeId;
  const isForIt = aud === audience || (Array.isArray(aud) && aud.includes(audience));
  if (!isOurs || !isForIt || typeof exp !== 'number') {
    throw new Error(
      `the SPIFFE agent sent a JWT-SVID with other claims than asked for (audience \`${audience}\`)`,
    );
  }
  const expiresAt = exp * 1000;
  if (expiresAt <= now) throw new Error('the SPIFFE agent sent a JWT-SVID that has expired');
  return { token: first.svid, expiresAt, renewAt: now + ((expiresAt - now) * 2) / 3 };
}

function svidOf({ svids }: Answer, id: string | undefined): Answer['svids'][number] {
  const found = id === undefined ? svids[0] : svids.find(({ spiffeId }) => spiffeId === id);
  if (found !== undefined) return found;
  throw new Error(`the SPIFFE agent sent no JWT-SVID${id === undefined ? '' : ` of \`${id}\``}`);
}
