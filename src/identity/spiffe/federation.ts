import { faultMessage } from '../../model/fault-message.ts';
import type { Report } from '../../model/report.ts';
import {
  parseSpiffeId,
  parseTrustDomain,
  type SpiffePattern,
  type TrustDomain,
  trustDomainOf,
} from '../../model/spiffe-id.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Fetch } from '../fetch-json.ts';
import { type BundleDocument, readBundle } from './bundle-document.ts';
import type { BundleStore } from './bundle-store.ts';
import type { Bundles, FederationEndpoint } from './contract.ts';
import { endpointUrlFault, fetchSpiffeBundle, fetchWebBundle } from './fetch-bundle.ts';

/** The polling of bundle endpoints. */
export interface Federation {
  readonly domains: readonly TrustDomain[];
  readonly status: (domain: TrustDomain) => EndpointStatus | undefined;
  readonly stop: () => void;
}

/** What is known of one endpoint. */
export interface EndpointStatus {
  /** Milliseconds since the epoch; undefined: never. */
  readonly fetchedAt: number | undefined;
  readonly fault: string | undefined;
}

/** What polling needs. */
export interface FederationOptions {
  readonly federates: Readonly<Record<string, FederationEndpoint>>;
  readonly store: BundleStore;
  readonly clock: Clock;
  readonly report: Report;
  readonly fetch: Fetch;
}

/** SPIFFE Federation section 4.1: five minutes unless the bundle says otherwise. */
const defaultSeconds = 300;
/** A bundle may ask to be left alone for weeks; keys that it takes back must be gone sooner. */
const mostSeconds = 3600;
const firstRetryMs = 1_000;

/** Starts polling. Throws an error that names the setting when an endpoint is configured wrongly. */
export function startFederation(options: FederationOptions): Federation {
  const polls = new Map(
    Object.entries(options.federates).map(([name, endpoint]) => {
      const configured = readEndpoint(name, endpoint);
      return [configured.domain, configured] as const;
    }),
  );
  const running = new Map([...polls].map(([domain, endpoint]) => [domain, startPoll(endpoint, options)]));
  return {
    domains: [...running.keys()],
    status: (domain) => running.get(domain)?.status(),
    stop: () => {
      for (const poll of running.values()) poll.stop();
    },
  };
}

interface ConfiguredEndpoint {
  readonly domain: TrustDomain;
  readonly url: string;
  /** Undefined: `https_web`. */
  readonly server: SpiffePattern | undefined;
  readonly first: BundleDocument | undefined;
}

function readEndpoint(name: string, endpoint: FederationEndpoint): ConfiguredEndpoint {
  const at = `\`spiffe.federates.${name}\``;
  const domain = parseTrustDomain(name);
  if (domain === undefined) throw new Error(`${at}: \`${name}\` is not the name of a trust domain`);
  const fault = endpointUrlFault(endpoint.url);
  if (fault !== undefined) throw new Error(`${at}: the URL \`${endpoint.url}\` ${fault}`);
  return { domain, url: endpoint.url, ...readProfile(at, endpoint) };
}

/** INVARIANT: the profile is what was configured; neither is a fallback for the other (SPIFFE Federation section 7.2). */
function readProfile(
  at: string,
  { profile, endpointSpiffeId, bundle }: FederationEndpoint,
): Pick<ConfiguredEndpoint, 'server' | 'first'> {
  if (profile === 'https_web') {
    const needless = endpointSpiffeId ?? bundle;
    if (needless !== undefined)
      throw new Error(`${at}: https_web takes no SPIFFE ID and no bundle of the server`);
    return { server: undefined, first: undefined };
  }
  // A switch from outside that is neither is no profile at all.
  if (profile !== 'https_spiffe') throw new Error(`${at}: the profile is neither https_web nor https_spiffe`);
  const server = parseSpiffeId(endpointSpiffeId ?? '');
  if (server === undefined) {
    throw new Error(`${at}: https_spiffe needs \`endpointSpiffeId\`, the SPIFFE ID of the server`);
  }
  return { server: server as string as SpiffePattern, first: bundle && readBundle(bundle) };
}

interface Poll {
  readonly status: () => EndpointStatus;
  readonly stop: () => void;
}

function startPoll(endpoint: ConfiguredEndpoint, options: FederationOptions): Poll {
  const { store, clock, report } = options;
  const { domain, url } = endpoint;
  let state: EndpointStatus = { fetchedAt: undefined, fault: undefined };
  let latest: BundleDocument | undefined;
  let retryMs = firstRetryMs;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const again = (ms: number): void => {
    if (!stopped) timer = setTimeout(() => void run(), ms).unref();
  };
  const take = (bundle: BundleDocument): void => {
    retryMs = firstRetryMs;
    state = { fetchedAt: clock.now(), fault: undefined };
    // An older copy, from a cache or an attacker, must not bring back what was taken back (section 4.2).
    if (isOlder(bundle, latest)) return;
    latest = bundle;
    store.setEndpoint(domain, bundle);
  };
  // Never rejects: what goes wrong becomes the state.
  const run = async (): Promise<void> => {
    try {
      const bundle = await fetchFrom(endpoint, latest, options);
      if (stopped) return;
      take(bundle);
      again(secondsUntilNext(bundle) * 1000);
    } catch (cause) {
      const fault = faultOf(cause);
      if (stopped) return;
      if (state.fault !== fault) report('bundle endpoint fails', { trustDomain: domain, url, fault });
      state = { ...state, fault };
      again(retryMs);
      retryMs = Math.min(retryMs * 2, defaultSeconds * 1000);
    }
  };
  void run();
  return {
    status: () => state,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function fetchFrom(
  { domain, url, server, first }: ConfiguredEndpoint,
  latest: BundleDocument | undefined,
  { store, clock, fetch }: FederationOptions,
): Promise<BundleDocument> {
  if (server === undefined) return fetchWebBundle(url, fetch);
  return fetchSpiffeBundle(url, server, serverBundles(domain, server, latest ?? first, store), clock);
}

/**
 * The bundle that authenticates the server. A self-serving one is authenticated by the latest copy it gave, at first by the
 * configured one (section 5.2.2.4); any other by what is known of its trust domain.
 */
function serverBundles(
  domain: TrustDomain,
  server: SpiffePattern,
  own: BundleDocument | undefined,
  store: BundleStore,
): Pick<Bundles, 'x509'> {
  const serverDomain = trustDomainOf(server);
  return {
    x509: (asked) => {
      if (asked !== serverDomain) return undefined;
      return serverDomain === domain ? (own?.x509 ?? store.x509(asked)) : (store.x509(asked) ?? own?.x509);
    },
  };
}

function isOlder(bundle: BundleDocument, latest: BundleDocument | undefined): boolean {
  if (bundle.sequence === undefined || latest?.sequence === undefined) return false;
  return bundle.sequence < latest.sequence;
}

function secondsUntilNext({ refreshHint }: BundleDocument): number {
  // SPIRE writes 0 where it has no hint.
  if (refreshHint === undefined || refreshHint === 0) return defaultSeconds;
  return Math.min(refreshHint, mostSeconds);
}

function faultOf(cause: unknown): string {
  // What `fetch` throws says nothing; its cause does.
  return faultMessage(cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause);
}
