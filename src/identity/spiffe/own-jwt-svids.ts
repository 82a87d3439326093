import { parseSpiffeId } from '../../model/spiffe-id.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { TokenFailure } from '../failure.ts';
import { createLru, type Lru } from '../lru.ts';
import { parseUnverified } from '../parse-jwt.ts';
import { CallFault, type WorkloadApiClient } from './workload-api/client.ts';

/** The JWT-SVIDs of ours. */
export interface OwnJwtSvids {
  readonly get: (audience: string) => Promise<string>;
  /** Forgets all of them: our identity changed or was taken back. */
  readonly clear: () => void;
}

interface Kept {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly renewAt: number;
  readonly expiresAt: number;
}

const mostAudiences = 256;
/** Nobody should get a token that ends while the request is under way. */
const spareMs = 5_000;

/**
 * Makes them. One call per audience is under way at a time. A token is renewed in the last third of its life; while the
 * agent is away it is used until its end, but not after the agent refused it.
 */
export function ownJwtSvids(fetchSvid: WorkloadApiClient['jwtSvid'], clock: Clock): OwnJwtSvids {
  let kept: Lru<Kept> = createLru(mostAudiences);
  let running = new Map<string, Promise<string>>();

  const fetchOne = async (audience: string): Promise<string> => {
    const into = kept;
    try {
      const fresh = readToken(await fetchSvid([audience], undefined), audience, clock.now());
      into.set(audience, fresh);
      return fresh.token;
    } catch (fault) {
      const old = into.get(audience);
      const isAway = fault instanceof CallFault && fault.kind === 'away';
      if (isAway && old !== undefined && clock.now() < old.expiresAt - spareMs) return old.token;
      into.delete(audience);
      throw fault;
    }
  };

  return {
    get: (audience) => {
      const old = kept.get(audience);
      if (old !== undefined && clock.now() < old.renewAt) return Promise.resolve(old.token);
      const flights = running;
      const flight = flights.get(audience) ?? fetchOne(audience).finally(() => flights.delete(audience));
      flights.set(audience, flight);
      return flight;
    },
    clear: () => {
      kept = createLru(mostAudiences);
      running = new Map();
    },
  };
}

type Answer = Awaited<ReturnType<WorkloadApiClient['jwtSvid']>>;

/** The first is the default identity (Workload API section 8). The agent signed it, so only its shape is looked at. */
function readToken({ svids: [first] }: Answer, audience: string, now: number): Kept {
  if (first === undefined) throw new Error('the SPIFFE agent sent no JWT-SVID');
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
