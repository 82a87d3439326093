import type { SpiffeId } from '../../model/spiffe-id.ts';
import { openAgentStreams } from './agent-streams.ts';
import { type BundleStore, createBundleStore } from './bundle-store.ts';
import type { BundleStatus, Workload, WorkloadOptions, WorkloadStatus } from './contract.ts';
import { endpointAddress } from './endpoint-address.ts';
import { type Federation, startFederation } from './federation.ts';
import { createListeners } from './listeners.ts';
import { type OwnJwtSvids, ownJwtSvids } from './own-jwt-svids.ts';
import { createSvidHolder, type SvidHolder } from './own-svid.ts';
import { verifyJwtSvid } from './verify-jwt-svid.ts';
import { createPeerVerifier } from './verify-peer.ts';
import { CallFault, createWorkloadApiClient } from './workload-api/client.ts';

/**
 * Makes the gateway a SPIFFE workload: keeps its SVIDs and all bundles up to date, and verifies the SVIDs of others. Does
 * not let go of an SVID because the agent is away; lets go of it when it expires or when the agent takes it back. Throws an
 * error that names the setting when the configuration is wrong.
 */
export function createWorkload(options: WorkloadOptions): Workload {
  const { clock, report, federates, fetch = globalThis.fetch } = options;
  const address = endpointAddress(options.socket, options.environment ?? process.env);
  const listeners = createListeners(report);
  const store = createBundleStore(() => {
    peers.clear();
    listeners.call();
  });
  const peers = createPeerVerifier(store, clock);
  const federation = startFederation({ federates, store, clock, report, fetch });
  const client = createWorkloadApiClient(address);
  const jwtSvids = ownJwtSvids(client.jwtSvid, clock);

  let fault: CallFault | Error | undefined;
  let closed = false;
  const why = (): string => {
    if (closed) return 'the workload was closed';
    return fault?.message ?? `the SPIFFE agent at ${address.text} has not answered yet`;
  };
  const holder = createSvidHolder(clock, report, why);
  const gate = createGate(holder, why);
  forgetWithIdentity(holder, jwtSvids);
  holder.tls.onChange(gate.look);
  holder.tls.onChange(listeners.call);
  const state = (next: CallFault | Error | undefined): void => {
    fault = next;
    if (next instanceof CallFault && next.kind === 'final') gate.giveUp();
  };
  const streams = openAgentStreams({ client, clock, report, store, holder, state });

  return {
    tls: holder.tls,
    verifyPeer: peers.verify,
    ready: gate.ready,
    id: () => holder.current()?.id,
    jwtSvid: (audience, id) => (closed ? Promise.reject(new Error(why())) : jwtSvids.get(audience, id)),
    verifyJwtSvid: (token, audience) => verifyJwtSvid(token, audience, store, clock.now()),
    onChange: listeners.add,
    bundles: store,
    status: () => ({
      state: closed ? 'closed' : stateOf(holder, fault),
      address: address.text,
      id: holder.current()?.id,
      expiresAt: holder.current()?.expiresAt,
      fault: fault?.message,
      bundles: [...new Set([...store.domains(), ...federation.domains])].map((domain) =>
        bundleStatus(domain, store, federation),
      ),
    }),
    close: () => {
      closed = true;
      streams.stop();
      federation.stop();
      holder.stop();
      listeners.clear();
      client.close();
      gate.giveUp();
    },
  };
}

/** Those who wait for the first SVID. */
interface Gate {
  readonly ready: () => Promise<void>;
  readonly look: () => void;
  /** There will never be one. */
  readonly giveUp: () => void;
}

function createGate(holder: SvidHolder, why: () => string): Gate {
  let lost = false;
  let waiting: PromiseWithResolvers<void>[] = [];
  const settle = (settleOne: (one: PromiseWithResolvers<void>) => void): void => {
    const all = waiting;
    waiting = [];
    all.forEach(settleOne);
  };
  return {
    ready: () => {
      if (holder.current() !== undefined) return Promise.resolve();
      if (lost) return Promise.reject(new Error(`there is no X.509-SVID: ${why()}`));
      const one = Promise.withResolvers<void>();
      waiting.push(one);
      return one.promise;
    },
    look: () => {
      if (holder.current() !== undefined) settle(({ resolve }) => resolve());
    },
    giveUp: () => {
      lost = true;
      settle(({ reject }) => reject(new Error(`there is no X.509-SVID: ${why()}`)));
    },
  };
}

/** JWT-SVIDs of an identity that is gone must not be used. */
function forgetWithIdentity(holder: SvidHolder, jwtSvids: OwnJwtSvids): void {
  let last: SpiffeId | undefined;
  holder.tls.onChange(() => {
    const id = holder.current()?.id;
    if (id !== last) jwtSvids.clear();
    last = id;
  });
}

function stateOf(holder: SvidHolder, fault: CallFault | Error | undefined): WorkloadStatus['state'] {
  if (holder.current() !== undefined) return fault === undefined ? 'ready' : 'stale';
  return fault instanceof CallFault && fault.kind === 'final' ? 'failed' : 'waiting';
}

function bundleStatus(
  domain: BundleStatus['domain'],
  store: BundleStore,
  federation: Federation,
): BundleStatus {
  const counts = { x509: store.x509(domain)?.length ?? 0, jwt: store.jwt(domain)?.length ?? 0 };
  if (store.isFromWorkloadApi(domain)) return { domain, source: 'workload-api', ...counts };
  const endpoint = federation.status(domain);
  return {
    domain,
    source: 'endpoint',
    ...counts,
    ...(endpoint?.fetchedAt !== undefined && { fetchedAt: endpoint.fetchedAt }),
    ...(endpoint?.fault !== undefined && { fault: endpoint.fault }),
  };
}
