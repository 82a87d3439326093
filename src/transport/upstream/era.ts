import { Refusal } from '../../model/refusal.ts';
import type { EraVerdict, EraVerdicts, Scope } from '../../pipeline/ports.ts';
import { probeHttp } from './http/probe.ts';
import { orCancelled } from './or-cancelled.ts';
import type { HttpSettings, ServerContext, StdioSettings } from './settings.ts';
import { probeStdio } from './stdio/probe.ts';

/** What is known of the era of one server, and how to find it out. */
export interface Era {
  /** Undefined if it has to be found out. */
  readonly known: () => EraVerdict | undefined;
  readonly find: (scope: Scope, signal: AbortSignal) => Promise<EraVerdict | Refusal>;
  /** The server behaved unlike its era: the next call finds out anew. */
  readonly doubt: () => void;
}

/** What a probe found. */
export type Finding = Pick<EraVerdict, 'era' | 'transport'>;

/** A server may learn the modern era at any time; a `legacy` verdict that is never asked again would hide it. */
const legacyKeptMs = 24 * 60 * 60 * 1_000;
const probeMs = 30_000;

/** Remembers the era of a server with its date. Several callers that need to know it share one probe. */
export function eraOf(context: ServerContext, verdicts: EraVerdicts): Era {
  const { server, clock, settings } = context;
  let probing: Promise<EraVerdict | Refusal> | undefined;
  let doubtedAt = Number.NEGATIVE_INFINITY;
  let ownVerdict: EraVerdict | undefined;

  const known = (): EraVerdict | undefined => {
    const verdict = ownVerdict ?? verdicts.recall(server);
    if (verdict === undefined || verdict.at <= doubtedAt || !isConfigured(context, verdict)) return undefined;
    const tooOld =
      settings.era === 'auto' && verdict.era === 'legacy' && clock.now() - verdict.at > legacyKeptMs;
    return tooOld ? undefined : verdict;
  };
  const probe = async (scope: Scope): Promise<EraVerdict | Refusal> => {
    const found = await probeServer(context, scope);
    if (found instanceof Refusal) return found;
    ownVerdict = { ...found, at: Math.max(clock.now(), doubtedAt + 1) };
    verdicts.remember(server, ownVerdict);
    return ownVerdict;
  };

  return {
    known,
    find: (scope, signal) => {
      const verdict = known();
      if (verdict !== undefined) return Promise.resolve(verdict);
      probing ??= probe(scope).finally(() => {
        probing = undefined;
      });
      return orCancelled(probing, signal);
    },
    doubt: () => {
      doubtedAt = clock.now();
      ownVerdict = undefined;
    },
  };
}

/** A verdict that was kept from before may contradict settings that have changed since. */
function isConfigured({ settings }: ServerContext, { era, transport }: EraVerdict): boolean {
  const sameEra = settings.era === 'auto' || settings.era === era;
  if (settings.kind === 'stdio') return sameEra && transport === 'stdio';
  return (
    sameEra && transport !== 'stdio' && (settings.transport === 'auto' || settings.transport === transport)
  );
}

function probeServer(context: ServerContext, scope: Scope): Promise<Finding | Refusal> {
  const signal = AbortSignal.timeout(probeMs);
  const { settings } = context;
  return settings.kind === 'http'
    ? probeHttp({ ...context, settings } satisfies ServerContext<HttpSettings>, scope, signal)
    : probeStdio({ ...context, settings } satisfies ServerContext<StdioSettings>, scope);
}
