import { createHash } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { writeArchive } from './archive.ts';
import type { ArchivePart } from './archive.ts';
import { MANIFEST_NAME, makeManifest, readLogStates, tableFile } from './backup-manifest.ts';
import type { BackedUpTable, BackupManifest } from './backup-manifest.ts';
import { withClient } from './connect.ts';
import type { Connection } from './connection.ts';
import { DatabaseError } from './database-error.ts';
import type { Log } from './log.ts';
import { appliedMigrations } from './migrate.ts';
import { countRows, listSequences, listTables, quoteName } from './table-catalog.ts';
import type { TableShape } from './table-catalog.ts';

/** Told how many rows are done, of how many. */
export type Progress = (done: number, total: number) => void;

/** What makes the text of a value the same whatever the server's or the role's settings; and no limit on how long a table takes. */
const SETTINGS = [
  `datestyle = 'ISO, YMD'`,
  `intervalstyle = 'postgres'`,
  `timezone = 'UTC'`,
  `bytea_output = 'hex'`,
  'extra_float_digits = 1',
  'statement_timeout = 0',
  'idle_in_transaction_session_timeout = 0',
];

/**
 * Writes all rows of all tables, as of one moment, into the new file `path` (zip, mode 0600), while others go on appending.
 * Returns what it holds. Throws DatabaseError `backup-failed`.
 */
export async function writeBackup(args: { owner: Connection; path: string; onProgress: Progress; log: Log }): Promise<BackupManifest> {
  return withClient(args.owner, args.log, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    for (const setting of SETTINGS) await client.query(`SET LOCAL ${setting}`);
    const migrations = [...(await appliedMigrations(client))].map(([number, file]) => ({ number, ...file }));
    if (migrations.length === 0) throw new DatabaseError('backup-failed', 'the database is empty: there is nothing to back up');
    const { rows } = await client.query<{ server: string }>(`SELECT current_setting('server_version') AS server`);
    const shapes = await listTables(client);
    let total = 0;
    for (const { name } of shapes) total += await countRows(client, name);
    const head = {
      created: new Date().toISOString(),
      server: rows[0]?.server ?? '',
      migrations,
      sequences: await listSequences(client),
      logs: await readLogStates(client),
    };
    const tables: BackedUpTable[] = [];
    let manifest: BackupManifest | undefined;
    let done = 0;
    const parts = shapes.map((shape) => tablePart(client, shape, (more) => args.onProgress((done += more), total), tables));
    const lastPart: ArchivePart = {
      name: MANIFEST_NAME,
      open: () => {
        manifest = makeManifest({ ...head, tables });
        return Readable.from([`${JSON.stringify(manifest, null, 2)}\n`]);
      },
    };
    await writeArchive(args.path, [...parts, lastPart]);
    await client.query('COMMIT');
    return manifest as BackupManifest; // written last, so it was opened
  });
}

function tablePart(client: pg.Client, shape: TableShape, onRows: (more: number) => void, written: BackedUpTable[]): ArchivePart {
  const { name, columns, key } = shape;
  const list = columns.map(quoteName).join(', ');
  const order = key.length === 0 ? '' : ` ORDER BY ${key.map(quoteName).join(', ')}`;
  return {
    name: tableFile(name),
    open: () => {
      const rows = client.query(copyTo(`COPY (SELECT ${list} FROM ${quoteName(name)}${order}) TO STDOUT (FORMAT text, ENCODING 'UTF8')`));
      const counter = countingRows(onRows, (count) => written.push({ name, columns, ...count }));
      rows.once('error', (error) => counter.destroy(error));
      return rows.pipe(counter);
    },
  };
}

/** Passes COPY text on, counting and digesting it. In that format a newline ends a row; one inside a value is written as `\n`. */
export function countingRows(
  onRows: (more: number) => void,
  onEnd: (count: { rows: number; bytes: number; sha256: string }) => void,
): Transform {
  const hash = createHash('sha256');
  let rows = 0;
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let found = 0;
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) found += 1;
      hash.update(chunk);
      rows += found;
      bytes += chunk.length;
      if (found > 0) onRows(found);
      done(null, chunk);
    },
    flush(done) {
      onEnd({ rows, bytes, sha256: hash.digest('hex') });
      done();
    },
  });
}
