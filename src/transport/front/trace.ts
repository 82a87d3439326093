import { randomBytes } from 'node:crypto';
import { type JsonObject, stringMember } from '../../model/json.ts';
import type { TraceContext } from '../../model/trace.ts';

const shape = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}$/;

/** Continues the trace of the caller (W3C Trace Context section 3.2), or begins one. `_meta` goes before the header. */
export function traceOf(meta: JsonObject | undefined, header: string | undefined): TraceContext {
  const found = shape.exec(stringMember(meta, 'traceparent') ?? header ?? '');
  return found === null
    ? { traceId: freshId() }
    : { traceId: found[1] as string, parentId: found[2] as string };
}

/** Random bytes are drawn in large pieces: a system call for each id would cost more than the id. */
let pool = '';
let used = 0;

function freshId(): string {
  if (used === pool.length) {
    pool = randomBytes(4096).toString('hex');
    used = 0;
  }
  used += 32;
  return pool.slice(used - 32, used);
}
