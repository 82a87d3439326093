import { faultMessage } from '../../model/fault-message.ts';
import type { Report } from '../../model/report.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { BundleStore } from './bundle-store.ts';
import type { SvidHolder } from './own-svid.ts';
import { readJwtBundles, readSvids, readX509Bundles } from './received.ts';
import type { CallFault, Open, WorkloadApiClient } from './workload-api/client.ts';
import { type Watch, watch } from './workload-api/watch.ts';

/** The three streams that an agent sends. */
export interface AgentStreams {
  readonly stop: () => void;
}

/** What the streams fill, and whom they tell. */
export interface StreamsOptions {
  readonly client: WorkloadApiClient;
  readonly clock: Clock;
  readonly report: Report;
  readonly store: BundleStore;
  readonly holder: SvidHolder;
  /** What is wrong with the stream of X.509-SVIDs; undefined when it is sound. */
  readonly state: (fault: CallFault | Error | undefined) => void;
}

/** Opens them and keeps them open. */
export function openAgentStreams(options: StreamsOptions): AgentStreams {
  const { client, clock, store, holder, state } = options;
  const streams = [
    follow(options, 'FetchX509SVID', client.x509Svids, {
      take: (message) => {
        const { svid, bundles } = readSvids(message, clock.now());
        // Bundles first, so that whoever hears of the SVID can verify with it.
        store.setX509('svids', bundles);
        holder.set(svid);
      },
      lose: () => {
        store.setX509('svids', undefined);
        holder.set(undefined);
      },
      state,
    }),
    // Only what FetchX509SVID has not said counts: this one is for a workload that may verify, and has no SVID of its own.
    follow(options, 'FetchX509Bundles', client.x509Bundles, {
      take: (message) => store.setX509('bundles', readX509Bundles(message)),
      lose: () => store.setX509('bundles', undefined),
    }),
    follow(options, 'FetchJWTBundles', client.jwtBundles, {
      take: (message) => store.setJwt(readJwtBundles(message)),
      lose: () => store.setJwt(undefined),
    }),
  ];
  return {
    stop: () => {
      for (const stream of streams) stream.stop();
    },
  };
}

interface Follower<Message> {
  /** Throws when the message must be discarded (Workload API section 4.5). */
  readonly take: (message: Message) => void;
  /** The agent took everything back (sections 5.2.1, 5.2.2 and 6.2.2). */
  readonly lose: () => void;
  readonly state?: StreamsOptions['state'];
}

function follow<Message>(
  { report }: StreamsOptions,
  method: string,
  open: Open<Message>,
  { take, lose, state }: Follower<Message>,
): Watch {
  let last: string | undefined;
  const wrong = (event: string, fault: CallFault | Error): void => {
    // An agent that is away for an hour is one line, not a thousand.
    if (last !== fault.message) report(event, { method, fault: fault.message });
    last = fault.message;
    state?.(fault);
  };
  return watch(open, {
    message: (message) => {
      try {
        take(message);
      } catch (cause) {
        wrong('message of the SPIFFE agent discarded', new Error(faultMessage(cause), { cause }));
        return;
      }
      if (last !== undefined) report('SPIFFE agent answers again', { method });
      last = undefined;
      state?.(undefined);
    },
    fault: (fault) => {
      if (fault.kind === 'refused') lose();
      wrong('SPIFFE agent fails', fault);
    },
  });
}
