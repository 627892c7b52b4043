import { basename, dirname, extname, join } from 'node:path';
import { isPostgresUrl } from '../settings.ts';
import type { ErasureJournal } from './erasure-journal.ts';
import { FileErasureJournal } from './file-erasure-journal.ts';
import { PostgresErasureJournal } from './postgres-erasure-journal.ts';

/**
 * The erasure journal that goes with a checkpoint store: a table in its PostgreSQL, or a file beside its file. Nothing is
 * read or made yet; one that cannot be used says so whenever it is asked.
 *
 * @param checkpointStore as in the settings: an absolute path, or a postgres:// URL
 */
export function openErasureJournal(checkpointStore: string): ErasureJournal {
  return isPostgresUrl(checkpointStore) ? new PostgresErasureJournal(checkpointStore) : new FileErasureJournal(journalFile(checkpointStore));
}

/** `erasures.jsonl` beside `checkpoints.json`; where several ledgers keep their stores in one folder, each has its own. */
function journalFile(checkpointStore: string): string {
  const name = basename(checkpointStore, extname(checkpointStore));
  return join(dirname(checkpointStore), name === 'checkpoints' ? 'erasures.jsonl' : `${name}.erasures.jsonl`);
}
