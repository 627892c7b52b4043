import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withClient } from '../src/database/connect.ts';
import { databaseUrlOf, parseDatabaseUrl } from '../src/database/connection.ts';
import type { Connection } from '../src/database/connection.ts';
import { openDatabase } from '../src/database/database.ts';
import type { Database, DatabaseSettings } from '../src/database/database.ts';
import type { Log } from '../src/database/log.ts';
import { DATABASE_PREFIX } from './test-cluster.ts';

export interface TestDatabase {
  /** What another process or another `openDatabase` needs to open the same database. */
  readonly settings: { readonly dataDir: string; readonly databaseUrl: string; readonly runtimeDatabaseUrl: string };
  readonly database: Database;
  /** Closes and removes all. Throws when a client was not released or a pool not closed: a leak in the test or in what it tests. */
  drop(): Promise<void>;
}

/** A database of the test file's own, cloned from the migrated template in some 30 ms, with an empty folder as its DATA_DIR. */
export async function createTestDatabase(options: Pick<DatabaseSettings, 'poolSize'> = {}): Promise<TestDatabase> {
  const clone = await cloneTemplate();
  const dataDir = await mkdtemp(join(testFolder(), 'pl-data-'));
  const settings = { dataDir, databaseUrl: databaseUrlOf(clone.owner), runtimeDatabaseUrl: databaseUrlOf(clone.runtime) };
  const database = await openDatabase({ ...settings, ...options, log: quiet }).catch(async (error: unknown) => {
    await clone.drop();
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  });
  return {
    settings,
    database,
    drop: async () => {
      const held = [database.pool, database.owner].reduce((count, pool) => count + pool.totalCount - pool.idleCount, 0);
      if (held === 0) await database.close();
      const open = await clone.drop();
      await rm(dataDir, { recursive: true, force: true });
      if (held > 0) throw new Error(`${held} database clients were not released`);
      if (open.length > 0) throw new Error(`database connections left open: ${open.join(', ')}`);
    },
  };
}

export interface Clone {
  owner: Connection;
  runtime: Connection;
  /** Removes it and returns the names of the applications that were still connected. */
  drop(): Promise<string[]>;
}

/** A database from the template, or from `template0` (empty: not migrated), that nobody has opened. */
export async function cloneTemplate(template = environment('PL_TEST_TEMPLATE')): Promise<Clone> {
  const admin = parseDatabaseUrl(environment('PL_TEST_OWNER_URL'));
  const database = `${DATABASE_PREFIX}${Date.now().toString(36)}_${randomBytes(4).toString('hex')}`;
  await withClient(admin, quiet, (client) => client.query(`CREATE DATABASE ${database} TEMPLATE ${template}`));
  return {
    owner: { ...admin, database },
    runtime: { ...parseDatabaseUrl(environment('PL_TEST_RUNTIME_URL')), database },
    drop: () =>
      withClient(admin, quiet, async (client) => {
        const open = await openConnections(client, database);
        await client.query(`DROP DATABASE ${database} WITH (FORCE)`);
        return open;
      }),
  };
}

/** A closed connection's backend takes some ms to end. */
async function openConnections(client: { query(text: string, values: unknown[]): Promise<{ rows: { name: string }[] }> }, database: string): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    const { rows } = await client.query('SELECT application_name AS name FROM pg_stat_activity WHERE datname = $1', [database]);
    if (rows.length === 0 || attempt === 20) return rows.map(({ name }) => name);
    await new Promise((done) => setTimeout(done, 25));
  }
}

/** For files whose every write is synced and which no test needs to be on a disk. */
export function testFolder(): string {
  return environment('PL_TEST_FOLDER');
}

function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests by npm test, whose global setup starts PostgreSQL`);
  return value;
}

const quiet: Log = (level, message) => {
  if (level === 'warn' || level === 'error') process.stderr.write(`${level}: ${message}\n`);
};
