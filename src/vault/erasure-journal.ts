import { isTimestamp } from '../core/timestamp.ts';

/** What a database that is restored from before must be told again. It names no person: data keys by id, an export by its file. */
export type JournalRecord =
  | {
      v: 1;
      kind: 'erasure';
      /** Of the erasure; an append that failed may be repeated, so the same id can come twice. */
      id: string;
      /** Ids of the data keys that were destroyed. */
      keys: number[];
      time: string;
    }
  | {
      v: 1;
      kind: 'epoch';
      /** The one that has begun: the export holds what survived, wrapped under its key. */
      epoch: number;
      /** File name of the export, see `key-export.ts`. */
      export: string;
      time: string;
    };

/**
 * Remembers, outside the ledger's database, what was erased: a backup from before an erasure is not to undo it.
 * *Trusted* to keep what it was given. Lines that were changed, removed from between or put in between are noticed; a
 * journal that was set back as a whole is not, as with the checkpoint store beside which it stands.
 *
 * Durability: `append` resolves only after the record is on stable storage. One that rejects may have been kept all the same.
 */
export interface ErasureJournal {
  /** @throws JournalError `journal-unavailable`, `journal-broken` */
  append(origin: string, record: JournalRecord): Promise<void>;
  /**
   * One log's records in the order in which they were appended.
   *
   * @throws JournalError `journal-unavailable`, `journal-broken`, after the records before the fault: those did happen
   */
  read(origin: string): AsyncIterable<JournalRecord>;
  close(): Promise<void>;
}

export function isJournalRecord(value: unknown): value is JournalRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { v, kind, time, ...rest } = value as Record<string, unknown>;
  if (v !== 1 || typeof time !== 'string' || !isTimestamp(time)) return false;
  if (kind === 'erasure') {
    const { id, keys, ...more } = rest;
    return typeof id === 'string' && Array.isArray(keys) && keys.every((key) => Number.isSafeInteger(key) && key >= 0) && Object.keys(more).length === 0;
  }
  const { epoch, export: name, ...more } = rest;
  return kind === 'epoch' && Number.isSafeInteger(epoch) && typeof name === 'string' && Object.keys(more).length === 0;
}
