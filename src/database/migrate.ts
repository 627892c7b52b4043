import type pg from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { clientOptions, QUIET_LOGGER } from './connection.ts';
import type { Connection } from './connection.ts';
import { DatabaseError } from './database-error.ts';
import type { Log } from './log.ts';
import type { MigrationFile } from './migration-files.ts';

/** pg_advisory_lock's key ("ledger" in ASCII): one migrator at a time, of all replicas that start at once. */
const MIGRATION_LOCK = 0x6c6564676572;

/**
 * Brings the database to the newest of `files`, each in a transaction of its own together with the line that says so.
 * Returns the names of those applied now. Throws DatabaseError `database-newer`, `migration-changed` or `migration-failed`.
 */
export async function migrate(args: {
  owner: pg.Client;
  connection: Connection;
  files: readonly MigrationFile[];
  log: Log;
}): Promise<string[]> {
  const { owner, connection, files, log } = args;
  await owner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  try {
    await owner.query(`
      CREATE TABLE IF NOT EXISTS migration_files (
        number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    const applied = await appliedMigrations(owner);
    refuseForeign(applied, files);
    const pending = files.filter(({ number }) => !applied.has(number));
    if (pending.length > 0) await runMigrations(connection, files);
    for (const { name } of pending) log('info', `migration ${name} applied`);
    return pending.map(({ name }) => name);
  } finally {
    await owner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  }
}

/** The migrations that the database has, by number; none in a database that was never migrated. */
export async function appliedMigrations(owner: pg.ClientBase): Promise<Map<number, { name: string; sha256: string }>> {
  const { rows: tables } = await owner.query(`SELECT to_regclass('migration_files') IS NOT NULL AS present`);
  if (!(tables[0] as { present: boolean }).present) return new Map();
  const { rows } = await owner.query<{ number: number; name: string; sha256: string }>(
    'SELECT number, name, sha256 FROM migration_files ORDER BY number',
  );
  return new Map(rows.map(({ number, name, sha256 }) => [number, { name, sha256 }]));
}

/** Throws when the database was migrated by a newer release, or by files that have been edited since. */
export function refuseForeign(applied: ReadonlyMap<number, { name: string; sha256: string }>, files: readonly MigrationFile[]): void {
  for (const [number, { name, sha256 }] of applied) {
    const file = files.find((candidate) => candidate.number === number);
    if (file === undefined) {
      throw new DatabaseError(
        'database-newer',
        `the database is at migration ${[...applied.values()].at(-1)?.name}, this release knows none after ${files.at(-1)?.name}: run the newer release`,
      );
    }
    if (file.digest !== sha256 || file.name !== name) {
      throw new DatabaseError(
        'migration-changed',
        `migrations/${file.name}.sql is not the text that was applied to this database as ${name}: migrations are never edited, add a new one`,
      );
    }
  }
}

async function runMigrations(connection: Connection, files: readonly MigrationFile[]): Promise<void> {
  // Half a second to load, and most starts have nothing to migrate.
  const { DataSource } = await import('typeorm');
  const dataSource = new DataSource({
    type: 'postgres',
    migrations: files.map(migrationClass),
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    installExtensions: false,
    poolSize: 2,
    logger: QUIET_LOGGER,
    extra: clientOptions(connection),
  });
  await dataSource.initialize();
  try {
    await dataSource.runMigrations({ transaction: 'each' });
  } catch (cause) {
    const { message } = cause as Error;
    throw new DatabaseError('migration-failed', `a migration failed and was rolled back: ${message}`, { cause });
  } finally {
    await dataSource.destroy();
  }
}

/** TypeORM orders migrations by the last 13 characters of their name. */
function migrationClass(file: MigrationFile): new () => MigrationInterface {
  return class implements MigrationInterface {
    readonly name = `Ledger${String(file.number).padStart(13, '0')}`;

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(file.sql);
      await runner.query('INSERT INTO migration_files (number, name, sha256) VALUES ($1, $2, $3)', [file.number, file.name, file.digest]);
    }

    async down(): Promise<void> {
      throw new DatabaseError('migration-failed', 'migrations go forward only: restore a backup instead');
    }
  };
}
