import type { PoolClient } from 'pg';
import type { Batch, FullTile } from './batch.ts';
import type { Head } from './head.ts';
import type { EntryDraft } from './entry-draft.ts';

/** A full tile's row: 256 hashes of `level`, and the root over them. */
export interface TileRow extends FullTile {
  hashes: Uint8Array;
}

/** What is appended in one transaction. */
export interface Append {
  batch: Batch;
  drafts: readonly EntryDraft[];
  tiles: readonly TileRow[];
}

/** An id of the batch is in the log already; nothing was appended. */
export class DuplicatePredictionError extends Error {
  override readonly name = 'DuplicatePredictionError';
}

/** Rows stand where the batch belongs, beyond the head: somebody wrote them by hand. Nothing was appended. */
export class SurplusRowsError extends Error {
  override readonly name = 'SurplusRowsError';
}

/**
 * The log's entries, tiles and head: PostgreSQL, and what is asked of it.
 *
 * Durability: `append` and `appendLocked` resolve only after the commit is on stable storage, and then all of the batch
 * is; after they reject, all or nothing of it is, and `settledHead` followed by `readEntries` tells which, because a settled
 * head is read only after every earlier append has ended.
 */
export interface LogStore {
  /** The same store, whose reads and transactions act for one tenant and see no other's rows. */
  of(tenant: number): LogStore;
  /** The head as committed now. */
  readHead(log: number): Promise<Head>;
  /** The head once every append now under way has ended. */
  settledHead(log: number): Promise<Head>;
  /**
   * Appends if the head still is `batch.expected`, by size and hash: true; otherwise false, and nothing has changed.
   *
   * @throws DuplicatePredictionError, SurplusRowsError
   */
  append(log: number, append: Append): Promise<boolean>;
  /** Locks the head, lets `build` make the batch behind it, and appends that, with whatever `build` does on the transaction's client. */
  appendLocked(log: number, build: (head: Head, client: PoolClient) => Promise<Append>): Promise<Append>;
  /** Bytes of entries `from` up to, not including, `to`, in order; fewer when the log is shorter. */
  readEntries(log: number, from: number, to: number): Promise<Uint8Array[]>;
  /** A full tile's hashes; undefined when it is not stored. */
  readTile(log: number, level: number, index: number): Promise<Uint8Array | undefined>;
  /** Roots of the full tiles `from` up to, not including, `to` of a level, in order. */
  readTileRoots(log: number, level: number, from: number, to: number): Promise<Uint8Array[]>;
  /** Indices of predictions by id; ids that the log does not have are absent. */
  findPredictions(log: number, ids: readonly string[]): Promise<Map<string, number>>;
}
