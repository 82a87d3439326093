import type { JsonObject } from '../../src/model/json.ts';
import type { InsideLatency } from '../protocol.ts';
import { bareWith } from './bare-with.ts';
import { composedGateway, productGateway } from './gateway-with.ts';
import { boundToken, budgetAsked, budgetLeased, unboundToken, unwatched } from './identity-cases.ts';
import type { IdentityCase, Step } from './names.ts';

export interface Composition {
  /** URL of the static MCP server (2026-07-28, Streamable HTTP, one tool named `lookup`). */
  readonly upstream: string;
  /** An empty folder of its own on a real disk, for the audit log and every other file. Removed after the run. */
  readonly scratch: string;
}

/** A gateway that listens. */
export interface Running {
  /** Where `tools/call` is posted. */
  readonly url: string;
  /** What every call must carry, such as `Authorization`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The name under which `lookup` is called here. */
  readonly tool: string;
  /** The private key to which the token is bound. */
  readonly proofKey?: JsonObject;
  /**
   * Time spent inside the gateway for each call, upstream wait excluded, over the calls since this was last asked.
   * Undefined when it is not measured.
   */
  readonly latency: () => InsideLatency | undefined;
}

export type Compose = (composition: Composition) => Promise<Running>;

/**
 * How each step of the ladder is built. The first two are the bare proxy with one room of the gateway called in it.
 * From `+authorize` on it is the gateway itself, front, pipeline and upstream leg, with the later rooms switched off.
 * `full` is the product as `bartizan up` starts it.
 */
export const compositions: Readonly<Partial<Record<Step | IdentityCase, Compose>>> = {
  '+identify': (composition) => bareWith(composition, { parse: false }),
  '+parse': (composition) => bareWith(composition, { parse: true }),
  '+authorize': (composition) => composedGateway(composition, { guard: 'off', record: false }),
  '+guard': (composition) => composedGateway(composition, { guard: 'enforce', record: false }),
  '+record': (composition) => composedGateway(composition, { guard: 'enforce', record: true }),
  full: productGateway,
  bearer: unboundToken,
  dpop: boundToken,
  'no revocation': unwatched,
  'budget, leased': budgetLeased,
  'budget, asked': budgetAsked,
};
