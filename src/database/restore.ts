import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { openArchive } from './archive.ts';
import type { Archive } from './archive.ts';
import { countingRows } from './backup.ts';
import type { Progress } from './backup.ts';
import { MANIFEST_NAME, parseManifest, readLogStates, tableFile } from './backup-manifest.ts';
import type { BackedUpTable, BackupManifest } from './backup-manifest.ts';
import { connect, withClient } from './connect.ts';
import { DatabaseError } from './database-error.ts';
import type { Log } from './log.ts';
import { migrate, refuseForeign } from './migrate.ts';
import { readMigrationFiles } from './migration-files.ts';
import type { MigrationFile } from './migration-files.ts';
import { ensureRoles } from './roles.ts';
import type { Server } from './server.ts';
import { requireFitServer } from './server-requirements.ts';
import { countRows, listSequences, listTables, quoteName } from './table-catalog.ts';
import type { SequenceState } from './table-catalog.ts';

/** A backup that this release can restore, as far as its manifest tells. */
export interface Backup {
  readonly manifest: BackupManifest;
  readonly archive: Archive;
  /** This release's migrations; the backup's are the first of them. */
  readonly files: readonly MigrationFile[];
}

/**
 * Opens a backup, to be closed by `archive.close()`.
 * Throws DatabaseError `backup-unreadable`, `backup-malformed`, `backup-newer` or `migration-changed`.
 */
export async function openBackup(path: string, migrationsDir?: string): Promise<Backup> {
  const archive = await openArchive(path);
  try {
    const manifest = parseManifest(await text(await archive.read(MANIFEST_NAME)));
    const files = await readMigrationFiles(migrationsDir);
    refuseUnknownMigrations(manifest, files);
    return { manifest, archive, files };
  } catch (error) {
    archive.close();
    throw error;
  }
}

/**
 * Brings a backup into an empty database: makes the schema of the backup's migration, loads and checks every table in one transaction, then migrates
 * to this release's. Nothing of a backup that fails its checks stays.
 * Throws DatabaseError `backup-malformed` or `database-not-empty`.
 */
export async function restoreBackup(args: { backup: Backup; server: Server; onProgress: Progress; log: Log }): Promise<void> {
  const { backup, server, log } = args;
  const { archive, manifest, files } = backup;
  const owner = await connect(server.owner, log);
  try {
    await ensureRoles(owner, server.runtimePassword);
    await withClient(server.runtime, log, requireFitServer);
    await requireEmpty(owner);
    await migrate({ owner, connection: server.owner, files: files.slice(0, manifest.migrations.length), log });
    await loadTables(owner, archive, manifest, args.onProgress);
    await migrate({ owner, connection: server.owner, files, log });
    await owner.query('ANALYZE');
  } finally {
    await owner.end();
  }
}

function refuseUnknownMigrations({ migrations }: BackupManifest, files: readonly MigrationFile[]): void {
  try {
    refuseForeign(new Map(migrations.map(({ number, ...file }) => [number, file])), files);
  } catch (error) {
    if (error instanceof DatabaseError && error.code === 'database-newer') {
      throw new DatabaseError('backup-newer', `the backup is at migration ${migrations.at(-1)?.name}, which this release does not know: use the newer release`);
    }
    throw error;
  }
}

async function requireEmpty(owner: pg.ClientBase): Promise<void> {
  for (const { name } of await listTables(owner)) {
    if ((await countRows(owner, name)) > 0) {
      throw new DatabaseError(
        'database-not-empty',
        `the database is not empty (${name} has rows): restore into a new database, or with the embedded one on an empty DATA_DIR, before the service starts there`,
      );
    }
  }
}

async function loadTables(owner: pg.Client, archive: Archive, manifest: BackupManifest, onProgress: Progress): Promise<void> {
  const shapes = await listTables(owner);
  requireSameTables(shapes, manifest, archive);
  const total = manifest.tables.reduce((sum, { rows }) => sum + rows, 0);
  let done = 0;
  await owner.query('BEGIN');
  try {
    await owner.query(`SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC'; SET LOCAL statement_timeout = 0`);
    await owner.query(`LOCK TABLE ${shapes.map(({ name }) => quoteName(name)).join(', ')} IN ACCESS EXCLUSIVE MODE`);
    await requireEmpty(owner);
    for (const { name } of shapes) {
      const table = manifest.tables.find((each) => each.name === name) as BackedUpTable; // requireSameTables
      await loadTable(owner, archive, table, (more) => onProgress((done += more), total));
    }
    for (const { name, last, called } of await knownSequences(owner, manifest)) {
      await owner.query('SELECT setval($1::regclass, $2, $3)', [quoteName(name), last, called]);
    }
    const logs = await readLogStates(owner);
    if (JSON.stringify(logs) !== JSON.stringify(manifest.logs)) throw damaged('its logs are not at the sizes and roots that it states');
    await owner.query('COMMIT');
  } catch (error) {
    await owner.query('ROLLBACK');
    throw error;
  }
}

async function knownSequences(owner: pg.ClientBase, { sequences }: BackupManifest): Promise<readonly SequenceState[]> {
  const ours = (await listSequences(owner)).map(({ name }) => name).toSorted();
  const theirs = sequences.map(({ name }) => name).toSorted();
  if (ours.join() !== theirs.join()) throw damaged('its sequences are not those of its migrations');
  return sequences;
}

async function loadTable(owner: pg.Client, archive: Archive, table: BackedUpTable, onRows: (more: number) => void): Promise<void> {
  const { name, columns, rows, sha256 } = table;
  const counts: { rows: number; sha256: string }[] = [];
  const copy = copyFrom(`COPY ${quoteName(name)} (${columns.map(quoteName).join(', ')}) FROM STDIN (FORMAT text, ENCODING 'UTF8')`);
  try {
    await pipeline(await archive.read(tableFile(name)), countingRows(onRows, (count) => void counts.push(count)), owner.query(copy));
  } catch (cause) {
    throw damaged(`${tableFile(name)}: ${(cause as Error).message}`, cause);
  }
  if (counts[0]?.sha256 !== sha256) throw damaged(`${tableFile(name)} does not have the SHA-256 that it states`);
  if (counts[0].rows !== rows || (await countRows(owner, name)) !== rows) throw damaged(`${tableFile(name)} does not have ${rows} rows`);
}

function requireSameTables(shapes: Awaited<ReturnType<typeof listTables>>, manifest: BackupManifest, archive: Archive): void {
  const ours = shapes.map(({ name, columns }) => `${name}(${columns.join()})`).toSorted();
  const theirs = manifest.tables.map(({ name, columns }) => `${name}(${columns.join()})`).toSorted();
  if (ours.join() !== theirs.join()) throw damaged('its tables are not those of its migrations');
  const expected = [MANIFEST_NAME, ...shapes.map(({ name }) => tableFile(name))].toSorted();
  if (expected.join() !== archive.names.toSorted().join()) throw damaged('it holds other files than it states');
}

function damaged(reason: string, cause?: unknown): DatabaseError {
  return new DatabaseError('backup-malformed', `the backup is damaged or was changed: ${reason}; nothing was restored`, { cause });
}
