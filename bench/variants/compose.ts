import type { InsideLatency } from '../protocol.ts';
import type { Step } from './names.ts';

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
  /**
   * Time spent inside the gateway for each call, upstream wait excluded, over the calls since this was last asked.
   * Undefined when it is not measured.
   */
  readonly latency: () => InsideLatency | undefined;
}

export type Compose = (composition: Composition) => Promise<Running>;

/**
 * How each step of the ladder is built. A step that is not here is reported as absent; it never gets a number.
 * Limits that one client would meet in this benchmark must be raised: 2,000 streams and 32 calls at once, and no rate
 * limit.
 */
export const compositions: Readonly<Partial<Record<Step, Compose>>> = {};
