import type { JsonObject } from '../src/model/json.ts';
import type { Shape } from './shapes.ts';

/** The line of JSON that every proxy process prints on stdout once it listens. */
export interface Listening {
  /** Where calls go, path included. */
  readonly url: string;
  /** Headers that every call must carry, such as a bearer token. */
  readonly headers: Readonly<Record<string, string>>;
  /** The name under which the upstream's tool `lookup` is called here. */
  readonly tool: string;
  /** The key to which the token is bound: every call needs a proof of its own (RFC 9449). */
  readonly proofKey?: JsonObject;
}

/** The line that a process prints instead when the variant cannot run. */
export interface Absent {
  readonly absent: string;
}

/** Time that a call spends inside the gateway, waiting for the upstream excluded, in microseconds. */
export interface InsideLatency {
  readonly p50_us: number;
  readonly p99_us: number;
}

export interface Preparation {
  readonly target: Listening;
  readonly shape: Shape;
  readonly connections: number;
  /** Untimed calls, so that code is compiled and connections are open before the clock starts. */
  readonly warmMs: number;
}

/** What became of the calls of one sample. */
export interface Tally {
  readonly completed: number;
  /** Right in meaning, but not byte for byte what the upstream sent. */
  readonly altered: number;
  /** Everything else: another status, another id, another text, a broken connection. */
  readonly wrong: number;
  /** The first wrong reply, for the reader. */
  readonly example: string | undefined;
}

export interface ClosedResult extends Tally {
  readonly elapsedMs: number;
}

export interface OpenResult extends Tally {
  /** Latency from the intended send time, in microseconds. */
  readonly p50_us: number;
  readonly p99_us: number;
  /** How late the generator itself sent, median, in microseconds. */
  readonly late_us: number;
}

/** Tasks that were opened and used once, one after the other. Times in milliseconds, one of each for every task. */
export interface FirstCalls {
  /** Making a key and reading the metadata of the gateway. */
  readonly discovery_ms: readonly number[];
  /** The token exchange. */
  readonly exchange_ms: readonly number[];
  /** The first `tools/call`, its proof included. */
  readonly call_ms: readonly number[];
}

/** The questions that processes of the benchmark put to one another over IPC. */
export interface Questions {
  /** CPU time of the process in microseconds, where /proc does not tell. */
  readonly cpu: { readonly argument: null; readonly answer: number };
  /** Collect garbage, so that resident memory means something. */
  readonly collect: { readonly argument: null; readonly answer: null };
  /** In-process added latency since the last time this was asked; null when the variant keeps none. */
  readonly latency: { readonly argument: null; readonly answer: InsideLatency | null };
  /** Calls that the upstream has answered so far. */
  readonly served: { readonly argument: null; readonly answer: number };
  readonly prepare: { readonly argument: Preparation; readonly answer: Tally };
  readonly closed: { readonly argument: { readonly ms: number }; readonly answer: ClosedResult };
  readonly open: {
    readonly argument: { readonly ms: number; readonly perSecond: number };
    readonly answer: OpenResult;
  };
  readonly streams: {
    readonly argument: { readonly target: Listening; readonly count: number };
    readonly answer: { readonly opened: number; readonly example: string | undefined };
  };
  readonly firstCalls: {
    readonly argument: { readonly target: Listening; readonly shape: Shape; readonly count: number };
    readonly answer: FirstCalls;
  };
  /** Close every connection. */
  readonly release: { readonly argument: null; readonly answer: null };
}

export type Question = keyof Questions;

export interface Ask<Name extends Question = Question> {
  readonly sequence: number;
  readonly question: Name;
  readonly argument: Questions[Name]['argument'];
}

export type Reply =
  | { readonly sequence: number; readonly answer: unknown }
  | { readonly sequence: number; readonly failure: string };
