import { CompactRange } from '../core/compact-range.ts';
import { concat } from '../core/bytes.ts';

/** All that an appender needs to go on: the state of one log after its last committed entry. */
export interface Head {
  /** Entries in the log; the next entry's index. */
  size: number;
  /** The last entry's leaf hash, 32 bytes; zeros for an empty log. */
  hash: Uint8Array;
  /** The compact range over all entries; `range.size === size`. */
  range: CompactRange;
  /** The last entry's time, ms since 1970. */
  time: number;
  /** Digest of the policy bundle in force, 32 bytes; undefined before its first activation. */
  policy: Uint8Array | undefined;
  /** Counts erasures of keys and ends of epochs. */
  vault: number;
}

/** A row of `log_head`, as pg reads it. */
export interface HeadRow {
  size: number;
  head: Buffer;
  frontier: Buffer;
  time: number;
  policy: Buffer | null;
  vault: number;
}

const HASH_BYTES = 32;

/** @throws CoreError `size-mismatch` when the frontier does not belong to a tree of that size */
export function headFromRow(row: HeadRow): Head {
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < row.frontier.length; at += HASH_BYTES) hashes.push(row.frontier.subarray(at, at + HASH_BYTES));
  return {
    size: row.size,
    hash: row.head,
    range: new CompactRange(row.size, hashes),
    time: row.time,
    policy: row.policy ?? undefined,
    vault: row.vault,
  };
}

/** The compact range's hashes one after another, as `log_head.frontier` keeps them. */
export function frontierBytes(range: CompactRange): Uint8Array {
  return concat(...range.hashes);
}
