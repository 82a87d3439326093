import type { Reply } from '../../model/call.ts';
import { capabilityKey } from '../../model/client-capability.ts';
import type { DenialCode } from '../../model/denial.ts';
import type { JsonObject } from '../../model/json.ts';
import { Refusal, refuse } from '../../model/refusal.ts';
import type {
  EraVerdict,
  EraVerdicts,
  ListChanged,
  ListenOrder,
  RelayOrder,
  Scope,
  ServerDescription,
} from '../../pipeline/ports.ts';
import { eraOf } from './era.ts';
import { suspendedCalls } from './legacy/suspended-calls.ts';
import type { Link } from './link.ts';
import { linkUser } from './link-user.ts';
import { links } from './links.ts';
import { openLink } from './open-link.ts';
import type { ServerContext } from './settings.ts';

/** One upstream server, for every principal. */
export interface Upstream {
  readonly relay: (order: RelayOrder, signal: AbortSignal) => Promise<Reply | Refusal>;
  readonly listen: (order: ListenOrder, signal: AbortSignal) => Promise<void>;
  readonly ask: (
    method: string,
    params: JsonObject,
    scope: Scope,
    signal: AbortSignal,
  ) => Promise<JsonObject | Refusal>;
  readonly describe: (scope: Scope, signal: AbortSignal) => Promise<ServerDescription | Refusal>;
  readonly close: () => Promise<void>;
}

/** Refusals that tell of no failure of the server. */
const expected: ReadonlySet<DenialCode> = new Set(['method_unknown', 'connection_required']);

/** Joins what is known of the server's era, its links, and the calls that wait for an answer of their client. */
export function upstreamOf(
  context: ServerContext,
  verdicts: EraVerdicts,
  listChanged: ListChanged,
): Upstream {
  const era = eraOf(context, verdicts);
  const open = links(context);
  const suspended = suspendedCalls(context);

  /** INVARIANT: the key of a link begins with the principal; a session of older revisions is also one of its capabilities. */
  const linkFor = (verdict: EraVerdict, scope: Scope): Link | Refusal => {
    const { principal, capabilities } = scope;
    const key = verdict.era === 'modern' ? principal : `${principal}\n${capabilityKey(capabilities)}`;
    return open.take(principal, key, () =>
      openLink(
        { ...context, listChanged: (kind) => listChanged(context.server, kind, principal) },
        { verdict, scope, suspended },
      ),
    );
  };

  const onLink = linkUser(era, linkFor);

  /** A server that cannot be asked for its lists offers nothing, and only the operator can find out why. */
  const noted = <Result>(result: Result | Refusal): Result | Refusal => {
    if (result instanceof Refusal && !expected.has(result.code)) context.log('server failed', result.detail);
    return result;
  };

  return {
    relay: (order, signal) => {
      if (!order.permit.valid) return Promise.resolve(refuse('internal_fault', 'relay without a permit'));
      const waiting = order.requestState === undefined ? undefined : suspended.resume(order, signal);
      if (waiting !== undefined) return waiting;
      return onLink(order.scope, signal, (link) => link.relay(order, signal));
    },
    listen: async (order, signal) => {
      if (!order.permit.valid) return;
      const ended = await onLink<undefined>(order.scope, signal, (link) => link.listen(order, signal));
      if (ended instanceof Refusal && !signal.aborted) context.log('listen failed', ended.detail);
    },
    ask: (method, params, scope, signal) =>
      onLink(scope, signal, (link) => link.ask(method, params, scope, signal)).then(noted),
    describe: (scope, signal) => onLink(scope, signal, (link) => link.describe(scope, signal)).then(noted),
    close: async () => {
      suspended.close();
      await open.close();
    },
  };
}
