import type { Preparation, Tally } from '../protocol.ts';
import { firstId, requestBody, type Template, template, writeId } from '../shapes.ts';
import { type Connection, openConnection } from './connection.ts';
import { createProofs, type Proofs } from './proofs.ts';
import { createVerify } from './verify.ts';

/** Open connections to one proxy, ready to make calls of one shape, each verified. */
export interface Session {
  readonly connections: readonly Connection[];
  /** Makes one call; `done` runs when its reply was read and checked, and says whether it was right. */
  readonly call: (connection: Connection, done: (right: boolean) => void) => void;
  /** The count since the last time this was asked. */
  readonly tally: () => Tally;
  readonly close: () => void;
}

let nextId = firstId;

export const openSession = async ({ target, shape, connections: count }: Preparation): Promise<Session> => {
  const { hostname, port } = new URL(target.url);
  const proofs = target.proofKey && createProofs(target, target.proofKey);
  const request = requestTemplate({ target, shape }, proofs);
  const proofAt = request.bytes.indexOf(proofMark);
  const verify = createVerify(shape);
  const connections = await Promise.all(
    Array.from({ length: count }, () => openConnection(hostname, Number(port))),
  );
  const counts = { exact: 0, altered: 0, wrong: 0 };
  let example: string | undefined;
  return {
    connections,
    call: (connection, done) => {
      const id = String(nextId++);
      // Copied, because a large request may still be in the kernel's way when the next one is written.
      const bytes = writeId(Buffer.from(request.bytes), request.places, id);
      if (proofs !== undefined) bytes.write(proofs.next(), proofAt, 'latin1');
      connection.send(bytes, (head, body) => {
        const verdict = verify(id, head, body);
        counts[verdict]++;
        if (verdict === 'wrong') example ??= `${head}\n\n${body.toString('utf8', 0, 300)}`;
        done(verdict !== 'wrong');
      });
    },
    tally: () => {
      const tally = {
        completed: counts.exact + counts.altered,
        altered: counts.altered,
        wrong: counts.wrong,
        example,
      };
      Object.assign(counts, { exact: 0, altered: 0, wrong: 0 });
      example = undefined;
      return tally;
    },
    close: () => {
      for (const connection of connections) connection.close();
    },
  };
};

/** Stands where the proof goes; no header value can hold it. */
const proofMark = '@@@@';

/** A whole POST (streamable-http, "Sending Messages"), ready but for the id and the proof. */
export const requestTemplate = (
  { target, shape }: Pick<Preparation, 'target' | 'shape'>,
  proofs?: Pick<Proofs, 'length'>,
): Template => {
  const { host, pathname } = new URL(target.url);
  const body = requestBody(shape, target.tool);
  const headers = {
    Host: host,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': 'tools/call',
    'Mcp-Name': target.tool,
    ...target.headers,
    ...(proofs && { DPoP: proofMark.padEnd(proofs.length, '@') }),
    'Content-Length': String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return template(`POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
};
