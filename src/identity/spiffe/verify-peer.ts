import { type Refusal, refuse } from '../../model/refusal.ts';
import type { SpiffeId } from '../../model/spiffe-id.ts';
import type { Clock, VerifyPeer } from '../../pipeline/ports.ts';
import type { Bundles } from './contract.ts';
import { SvidFault, verifyX509Svid } from './verify-x509-svid.ts';

/** A {@link VerifyPeer} that remembers. */
export interface PeerVerifier {
  readonly verify: VerifyPeer;
  /** Forgets everything: a bundle changed. */
  readonly clear: () => void;
}

interface Remembered {
  readonly verdict: SpiffeId | Refusal;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** A refusal is soon asked again: time may pass, and nothing is lost. */
const refusalMs = 10_000;

/** Makes one. A chain is verified once for each chain object, that is for each connection, and again when it ends. */
export function createPeerVerifier(bundles: Pick<Bundles, 'x509'>, clock: Clock): PeerVerifier {
  let known = new WeakMap<readonly Uint8Array[], Remembered>();
  return {
    verify: (chain) => {
      const now = clock.now();
      const old = known.get(chain);
      if (old !== undefined && now < old.until) return old.verdict;
      const fresh = judge(chain, bundles, now);
      known.set(chain, fresh);
      return fresh.verdict;
    },
    clear: () => {
      known = new WeakMap();
    },
  };
}

function judge(chain: readonly Uint8Array[], bundles: Pick<Bundles, 'x509'>, now: number): Remembered {
  const svid = verifyX509Svid(chain, bundles, now);
  if (!(svid instanceof SvidFault)) return { verdict: svid.id, until: svid.expiresAt };
  const verdict = refuse('token_invalid', `certificate: ${svid.detail}`, {
    reason: 'the client certificate is no X.509-SVID of a trust domain that is trusted here',
  });
  return { verdict, until: now + refusalMs };
}
