import type { JsonDocument } from '../model/json.ts';
import type { ServerId } from '../model/server-id.ts';
import { admitOffer } from './offer/admit.ts';
import { chargeOffer } from './offer/charge.ts';
import { guardOffer } from './offer/guard.ts';
import { nameOffer } from './offer/name.ts';
import { releaseOffer } from './offer/release.ts';
import { withholding } from './offer/withhold.ts';
import type { ListenFilter, Ports } from './ports.ts';
import type { Recorded } from './record-decision.ts';
import { pipeline, Stopped } from './stage.ts';

/** A message that an upstream sends of its own accord, on its way to the client of a permitted call. */
export interface Offered {
  readonly state: Recorded;
  readonly server: ServerId;
  /** The filter of the change stream that the message came by; undefined for a message of a running call. */
  readonly filter: ListenFilter | undefined;
  readonly message: JsonDocument;
}

/** Takes the messages of one upstream for one call. */
export type Offer = (
  state: Recorded,
  server: ServerId,
  filter?: ListenFilter,
) => (message: JsonDocument) => Promise<void>;

/** The way back: what flows to a client beside the answers passes these stages, in this order. */
export function offer(ports: Ports): Offer {
  const stages = pipeline<Offered>()
    .through(admitOffer(ports))
    .through(guardOffer(ports))
    .through(nameOffer())
    .through(chargeOffer(ports))
    .through(releaseOffer());
  const withhold = withholding(ports);
  const never = new AbortController().signal;
  return (state, server, filter) => {
    const withheld = withhold();
    return async (message) => {
      const run = await stages.run({ state, server, filter, message }, never);
      if (run instanceof Stopped) await withheld(run);
    };
  };
}
