import type { Reply } from '../../model/call.ts';
import type { JsonDocument } from '../../model/json.ts';
import { type Refusal, refuse } from '../../model/refusal.ts';
import { editDocument } from '../json/edit.ts';

const resourceNotFound = -32002;
const invalidParams = -32602;
const internalError = -32603;

/** Errors that blame the sender of the HTTP request: here that is the gateway, and its client cannot mend them. */
const ownFaults: ReadonlySet<number> = new Set([-32700, -32600, -32020, -32022]);
/** The codes between these are reserved and must not be emitted, but for the three that have a meaning (basic, "Error Codes"). */
const reserved = { from: -32099, to: -32020 };
const missingCapability = -32021;

/** An upstream's error in the inner shape. */
export function errorReply(document: JsonDocument, code: number): Reply | Refusal {
  if (ownFaults.has(code)) return refuse('upstream_failed', `the upstream faults our request with ${code}`);
  const inner = innerCode(code);
  const edits = inner === code ? [] : [{ path: ['error', 'code'], value: inner }];
  return { kind: 'error', document: editDocument(document, edits) };
}

function innerCode(code: number): number {
  if (code === resourceNotFound) return invalidParams;
  const isReserved = code >= reserved.from && code <= reserved.to && code !== missingCapability;
  return isReserved || code === urlElicitationRequired ? internalError : code;
}

/** 2025-11-25 client/elicitation, "URL Elicitation Required Error". */
export const urlElicitationRequired: number = -32042;
