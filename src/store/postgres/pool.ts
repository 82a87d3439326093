import { hash } from 'node:crypto';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { Pool, type PoolClient, type PoolConfig, types } from 'pg';
import { explained, isTimeout } from './faults.ts';

/** What a connection may take, in milliseconds. A call then refuses, and no lock of a lost process stays. */
const limits = {
  connectionTimeoutMillis: 2_500,
  statement_timeout: 2_000,
  idle_in_transaction_session_timeout: 5_000,
  // A little more than the server's own limit, so that a server that works says itself what happened.
  query_timeout: 2_500,
} as const;

/** The settings of every connection. Whole numbers come as numbers: times and amounts are below 2^53. */
export function connectionSettings(connectionString: string): PoolConfig {
  return {
    ...limits,
    connectionString,
    application_name: 'bartizan',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: parserOf as typeof types.getTypeParser },
  };
}

function parserOf(oid: number, format?: 'text'): (text: string) => unknown {
  return oid === types.builtins.INT8
    ? Number
    : (types.getTypeParser(oid, format) as (text: string) => unknown);
}

/**
 * A pool whose errors name the database and the mend. A connection on which something did not answer in time is not used
 * again.
 */
export function poolOf(connectionString: string, shown: string, max: number): PostgresPool {
  const options = { ...connectionSettings(connectionString), max };
  const pool = new Pool(options);
  // An idle connection that breaks leaves the pool, and the next call opens another or says why it cannot.
  pool.on('error', () => undefined);
  // One that breaks in use fails its statement; without a listener the event would end the process as well.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    options,
    connect: async () => {
      try {
        return guarded(await pool.connect(), shown);
      } catch (error) {
        throw explained(error, shown);
      }
    },
    end: () => pool.end(),
  };
}

function guarded(client: PoolClient, shown: string): PostgresPoolClient {
  let broken: Error | undefined;
  const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    if (broken !== undefined) throw broken;
    try {
      return await client.query({ ...prepared(text, values), text, values: [...values] });
    } catch (error) {
      const fault = explained(error, shown);
      if (error instanceof Error && isTimeout(error.message)) broken = fault;
      throw fault;
    }
  };
  return {
    // The driver's own type also knows cursors, which nobody here uses.
    query: query as PostgresPoolClient['query'],
    release: (destroy) => client.release(broken !== undefined || destroy === true),
  };
}

/** The server parses each statement once in a connection. There are few of them, because values are never in the text. */
function prepared(text: string, values: readonly unknown[]): { readonly name?: string } {
  return values.length === 0 ? {} : { name: hash('sha256', text, 'hex').slice(0, 32) };
}
