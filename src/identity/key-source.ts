import type { JsonObject } from '../model/json.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { Algorithm } from './algorithms.ts';
import { discover } from './discover.ts';
import { type Fetch, fetchJson, urlFault } from './fetch-json.ts';
import type { Issuer } from './issuer.ts';
import { keyOf, keysOfSet, type VerificationKey } from './verification-key.ts';

/** The present keys of one issuer. */
export interface KeySource {
  /** The keys that a token with this `kid` and `alg` may be signed by. Without `kid` there must be only one. */
  readonly find: (kid: string | undefined, algorithm: Algorithm) => readonly VerificationKey[];
  /** Whether the issuer still publishes a key. */
  readonly holds: (key: VerificationKey) => boolean;
  /** Asks the issuer again, unless that was done a moment ago. Rejects when its keys cannot be had at all. */
  readonly refresh: () => Promise<void>;
}

/** The keys of an issuer as its configuration says. Throws on a configuration that cannot work. */
export function keySourceOf(issuer: Issuer, clock: Pick<Clock, 'now'>, fetch: Fetch): KeySource {
  if (typeof issuer.jwks === 'function') return liveKeys(issuer.jwks);
  if (issuer.jwks !== undefined) return fixedKeys(issuer.issuer, issuer.jwks);
  const start = issuer.jwksUri ?? issuer.issuer;
  const fault = urlFault(start);
  if (fault !== undefined) throw new Error(`issuer \`${issuer.issuer}\`: \`${start}\` ${fault}`);
  return remoteKeys(async () => {
    const url = issuer.jwksUri ?? (await discover(fetch, issuer, 'jwks_uri'));
    return keysOfSet(await fetchJson(fetch, url));
  }, clock);
}

function fixedKeys(issuer: string, jwks: readonly JsonObject[]): KeySource {
  const keys = jwks.flatMap((jwk) => keyOf(jwk) ?? []);
  if (keys.length === 0)
    throw new Error(`issuer \`${issuer}\`: none of its \`jwks\` is a public signature key`);
  return {
    find: (kid, algorithm) => matching(keys, kid, algorithm),
    holds: (key) => keys.includes(key),
    refresh: async () => undefined,
  };
}

/** Keys of this process, which may change at any time. A key is imported once. */
function liveKeys(jwks: () => readonly JsonObject[]): KeySource {
  let known = new Map<string, VerificationKey | undefined>();
  let last: readonly JsonObject[] = [];
  let keys: readonly VerificationKey[] = [];

  const present = (): readonly VerificationKey[] => {
    const published = jwks();
    if (published.length === last.length && published.every((jwk, at) => jwk === last[at])) return keys;
    const texts = published.map((jwk) => [JSON.stringify(jwk), jwk] as const);
    known = new Map(texts.map(([text, jwk]) => [text, known.has(text) ? known.get(text) : keyOf(jwk)]));
    keys = [...known.values()].filter((key) => key !== undefined);
    last = [...published];
    return keys;
  };

  return {
    find: (kid, algorithm) => matching(present(), kid, algorithm),
    holds: (key) => present().includes(key),
    refresh: async () => undefined,
  };
}

/** The pause between two questions, after an answer and after none. */
const pauseMs = { answered: 30_000, failed: 5_000 };
/** Older keys are asked for again in the background. */
const freshMs = 10 * 60_000;
/** Older keys no longer count: an issuer that cannot be asked for so long may have withdrawn them. */
const usableMs = 24 * 60 * 60_000;

interface KeyState {
  readonly keys: readonly VerificationKey[];
  readonly fetchedAt: number;
  readonly askedAt: number;
  readonly failure: Error | undefined;
}

function remoteKeys(load: () => Promise<readonly VerificationKey[]>, clock: Pick<Clock, 'now'>): KeySource {
  let state: KeyState = { keys: [], fetchedAt: -Infinity, askedAt: -Infinity, failure: undefined };
  let flight: Promise<void> | undefined;

  const ask = async (): Promise<void> => {
    const askedAt = clock.now();
    try {
      const keys = keepKnown(state.keys, await load());
      state = { keys, fetchedAt: askedAt, askedAt, failure: undefined };
    } catch (cause) {
      const failure = cause instanceof Error ? cause : new Error(String(cause));
      state = { ...state, askedAt, failure };
      throw failure;
    } finally {
      flight = undefined;
    }
  };

  const refresh = async (): Promise<void> => {
    const pause = state.failure === undefined ? pauseMs.answered : pauseMs.failed;
    if (flight === undefined && clock.now() - state.askedAt < pause) {
      if (state.failure !== undefined) throw state.failure;
      return;
    }
    flight ??= ask();
    await flight;
  };

  const usable = (): readonly VerificationKey[] => {
    const age = clock.now() - state.fetchedAt;
    // Old keys serve until they are too old, so a failure to renew them shows when it matters.
    if (age > freshMs && state.keys.length > 0) refresh().catch(() => undefined);
    return age > usableMs ? [] : state.keys;
  };

  return {
    find: (kid, algorithm) => matching(usable(), kid, algorithm),
    holds: (key) => usable().includes(key),
    refresh,
  };
}

/** Keeps the object of a key that is still published, so that tokens verified by it stay known. */
function keepKnown(
  known: readonly VerificationKey[],
  published: readonly VerificationKey[],
): readonly VerificationKey[] {
  return published.map((key) => known.find(({ print }) => print === key.print) ?? key);
}

function matching(
  keys: readonly VerificationKey[],
  kid: string | undefined,
  algorithm: Algorithm,
): readonly VerificationKey[] {
  const fitting = keys.filter((key) => key.algorithms.includes(algorithm));
  if (kid === undefined) return fitting.length === 1 ? fitting : [];
  return fitting.filter((key) => key.kid === kid);
}
