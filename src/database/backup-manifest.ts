import type pg from 'pg';
import { toHex } from '../core/bytes.ts';
import { CompactRange } from '../core/compact-range.ts';
import { DatabaseError } from './database-error.ts';
import type { SequenceState } from './table-catalog.ts';

export const MANIFEST_NAME = 'manifest.json';
const FORMAT = 'prediction-ledger-backup';
const VERSION = 1;

/** One table in a backup: `tables/<name>.copy` in PostgreSQL's COPY text format, UTF-8, rows in the order of the primary key. */
export interface BackedUpTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: number;
  readonly bytes: number;
  /** Hex, of the uncompressed file. */
  readonly sha256: string;
}

/** Where a log stood at the snapshot. `root` in hex. */
export interface LogState {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
}

/** `manifest.json`, the last file of a backup: what the rest must be. */
export interface BackupManifest {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** RFC 3339, UTC. */
  readonly created: string;
  /** Of PostgreSQL. */
  readonly server: string;
  readonly migrations: readonly { readonly number: number; readonly name: string; readonly sha256: string }[];
  readonly tables: readonly BackedUpTable[];
  readonly sequences: readonly SequenceState[];
  readonly logs: readonly LogState[];
}

export function makeManifest(content: Omit<BackupManifest, 'format' | 'version'>): BackupManifest {
  return { format: FORMAT, version: VERSION, ...content };
}

export function tableFile(table: string): string {
  return `tables/${table}.copy`;
}

/** Throws DatabaseError `backup-malformed`, or `backup-newer` for a later version of the format. */
export function parseManifest(text: string): BackupManifest {
  const manifest = parseJson(text) as Partial<BackupManifest> | null;
  if (manifest?.format !== FORMAT) throw new DatabaseError('backup-malformed', 'the file is not a backup of prediction-ledger');
  if (manifest.version !== VERSION) {
    throw new DatabaseError('backup-newer', `the backup has format version ${String(manifest.version)}, this release reads ${VERSION}: use the newer release`);
  }
  if (!isComplete(manifest)) throw new DatabaseError('backup-malformed', `the backup's ${MANIFEST_NAME} is incomplete`);
  return manifest;
}

/** The state of every log in the client's snapshot, by origin. */
export async function readLogStates(client: pg.ClientBase): Promise<LogState[]> {
  const { rows } = await client.query<{ origin: string; size: number; frontier: Buffer }>(
    'SELECT origin, size, frontier FROM log JOIN log_head ON log_head.log = log.id ORDER BY origin COLLATE "C"',
  );
  return rows.map(({ origin, size, frontier }) => {
    const hashes = Array.from({ length: frontier.length / 32 }, (_, index) => frontier.subarray(index * 32, index * 32 + 32));
    return { origin, size, root: toHex(new CompactRange(size, hashes).root()) };
  });
}

function isComplete(manifest: Partial<BackupManifest>): manifest is BackupManifest {
  const { migrations, tables, sequences, logs, created, server } = manifest;
  return (
    typeof created === 'string' &&
    typeof server === 'string' &&
    [migrations, tables, sequences, logs].every(Array.isArray) &&
    (tables as BackedUpTable[]).every(
      (table) =>
        typeof table.name === 'string' && Array.isArray(table.columns) && Number.isSafeInteger(table.rows) && /^[0-9a-f]{64}$/.test(table.sha256),
    ) &&
    (sequences as SequenceState[]).every(({ name, last, called }) => typeof name === 'string' && Number.isSafeInteger(last) && typeof called === 'boolean')
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
