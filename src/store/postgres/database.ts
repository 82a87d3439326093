import { Kysely, PostgresDialect, sql } from 'kysely';
import { poolOf } from './pool.ts';
import { type ServerAddress, withSetting } from './server-address.ts';
import { steps } from './steps.ts';
import type { Tables } from './tables.ts';

/** The gateway's tables. */
export type Database = Kysely<Tables>;

/** The lock under which tables are made; the number is of no meaning, and the same for all gateways. */
const stepLock = 7_221_903_114;

/** Connects when something is asked. What was written is safe on return. */
export function durableDatabase({ connectionString, shown }: ServerAddress, max: number): Database {
  return new Kysely({ dialect: new PostgresDialect({ pool: poolOf(connectionString, shown, max) }) });
}

/** Does not wait for the disk: a server that crashes loses what was written in its last half second or so. */
export function quickDatabase(address: ServerAddress, max: number): Database {
  const connectionString = withSetting(address, 'synchronous_commit', 'off');
  return new Kysely({ dialect: new PostgresDialect({ pool: poolOf(connectionString, address.shown, max) }) });
}

/**
 * Brings the tables up to date; of gateways that start at once one takes each step. Needs no right to make tables where
 * they are up to date. Throws on tables of a newer version.
 */
export async function update(database: Database, { shown }: ServerAddress): Promise<void> {
  await database.transaction().execute(async (within) => {
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(stepLock)})`.execute(within);
    const version = await versionOf(within);
    if (version > steps.length) throw tooNew(shown, version);
    if (version === steps.length) return;
    await sql`CREATE TABLE IF NOT EXISTS bartizan_schema (version integer NOT NULL)`.execute(within);
    for (const step of steps.slice(version)) await sql.raw(step).execute(within);
    await within.deleteFrom('bartizan_schema').execute();
    await within.insertInto('bartizan_schema').values({ version: steps.length }).execute();
  });
}

async function versionOf(database: Database): Promise<number> {
  const { rows } = await sql<{ found: boolean }>`
    SELECT to_regclass('bartizan_schema') IS NOT NULL AS found`.execute(database);
  if (rows[0]?.found !== true) return 0;
  const row = await database.selectFrom('bartizan_schema').select('version').executeTakeFirst();
  return row?.version ?? 0;
}

function tooNew(shown: string, version: number): Error {
  return new Error(
    `the database \`${shown}\` was written by a newer version (tables ${version}, known ${steps.length}): run that ` +
      'version, or name another database',
  );
}
