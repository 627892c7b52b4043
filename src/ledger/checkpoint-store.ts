/** The largest tree that a log's key has been asked to sign. */
export interface StoredCheckpoint {
  size: number;
  /** Lower-case hexadecimal. */
  root: string;
}

/**
 * Remembers, outside the ledger's database, what each log has signed: the last word against a forked log.
 * *Trusted* to keep what it was given: with it, a database restored from a backup, a standby that lags or a rewritten
 * table is noticed before anything is signed twice. It learns sizes and roots only.
 *
 * Durability: `replace` resolves to true only after the value is on stable storage.
 */
export interface CheckpointStore {
  /** @throws CheckpointStoreError when what is there cannot be read as a store: until somebody mends it, nothing can be signed */
  read(origin: string): Promise<StoredCheckpoint | undefined>;
  /** Compare and set: false, and nothing changed, when the store does not hold `expected`. */
  replace(origin: string, expected: StoredCheckpoint | undefined, next: StoredCheckpoint): Promise<boolean>;
  close(): Promise<void>;
}

/** The store cannot be used, or holds something that is no checkpoint. Nothing may be signed unseen. */
export class CheckpointStoreError extends Error {
  override readonly name = 'CheckpointStoreError';
}

export function sameCheckpoint(a: StoredCheckpoint | undefined, b: StoredCheckpoint | undefined): boolean {
  return a?.size === b?.size && a?.root === b?.root;
}
