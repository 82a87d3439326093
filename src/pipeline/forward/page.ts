import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { type Refusal, refuse } from '../../model/refusal.ts';
import type { Seal } from '../ports.ts';
import type { Recorded } from '../record-decision.ts';

/** One page of a list. */
export interface Page {
  readonly slice: (items: readonly JsonObject[]) => readonly JsonObject[];
  /** The `nextCursor` member, if more follows. */
  readonly next: (total: number, now: number) => JsonObject;
}

const pageSize = 500;
const cursorLifeMs = 600_000;

/**
 * Reads the cursor of a list request. Cursors are the gateway's own: sealed for one principal, endpoint and method,
 * so they carry nothing of an upstream and serve nobody else (server/utilities/pagination: opaque tokens).
 */
export function readPage(seal: Seal, { call, subject }: Pick<Recorded, 'call' | 'subject'>): Page | Refusal {
  const binding = JSON.stringify(['cursor', subject.principal, call.endpoint, call.method]);
  const { cursor } = call.params;
  const from = cursor === undefined ? 0 : openCursor(seal, cursor, binding);
  if (from === undefined)
    return refuse('cursor_invalid', 'the cursor does not open for this principal and list');
  return {
    slice: (items) => items.slice(from, from + pageSize),
    next: (total, now) => {
      const after = from + pageSize;
      if (after >= total) return {};
      return { nextCursor: seal.wrap(JSON.stringify({ from: after }), binding, now + cursorLifeMs) };
    },
  };
}

function openCursor(seal: Seal, cursor: unknown, binding: string): number | undefined {
  const opened = typeof cursor === 'string' ? seal.unwrap(cursor, binding) : undefined;
  if (opened === undefined) return undefined;
  const position: unknown = JSON.parse(opened);
  return isJsonObject(position) && typeof position['from'] === 'number' ? position['from'] : undefined;
}
