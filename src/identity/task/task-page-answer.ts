import type { ServerResponse } from 'node:http';
import { type DenialCode, denials } from '../../model/denial.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Refusal } from '../../model/refusal.ts';

/** What a page answers. */
export interface PageAnswer {
  readonly status: number;
  readonly body?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A page that could not be served, with what to mend: in the shape of the gateway's other errors. */
export function pageError(status: number, denial: DenialCode, message: string, remedy: string): PageAnswer {
  const { rpcCode } = denials[denial];
  return { status, body: { jsonrpc: '2.0', error: { code: rpcCode, message, data: { denial, remedy } } } };
}

/** A refusal of the identity, after its row of the denial table. */
export function refusedPage({ code, reason, headers }: Refusal): PageAnswer {
  const row = denials[code];
  const answer = pageError(row.status, code, reason ?? row.reason, row.remedy);
  return headers === undefined ? answer : { ...answer, headers };
}

/** Writes an answer. Nothing of it may be kept by anybody (RFC 9111 section 5.2.2.5). */
export function writeAnswer(response: ServerResponse, { status, body, headers = {} }: PageAnswer): void {
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    ...headers,
    'Cache-Control': 'no-store',
    ...(bytes && { 'Content-Type': 'application/json', 'Content-Length': bytes.byteLength }),
  });
  response.end(bytes);
}
