/** W3C Trace Context of a call: `traceparent` is continued, `baggage` is attacker input and never trusted. */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits: the span that called. */
  readonly parentId?: string;
}
