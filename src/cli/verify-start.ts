import { equalBytes } from '../core/bytes.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import { consistencyProof, verifyConsistency } from '../core/consistency-proof.ts';
import { parseEntry } from '../core/entry.ts';
import { inclusionProof, verifyInclusion } from '../core/inclusion-proof.ts';
import { HASH_BYTES, leafHash } from '../core/merkle-tree.ts';
import { TILE_WIDTH, tileWidth, type TileId } from '../core/tile.ts';
import { tileHashReader } from '../core/tile-hash-reader.ts';
import { frontier } from '../core/tree-root.ts';
import type { LogPosition } from '../core/verify-log.ts';
import type { TileReads } from './verify-reads.ts';
import { NotValid } from './verify-verdict.ts';

/**
 * The position at the largest of the checkpoints, which the caller trusts: frontier, last leaf hash and last time, read
 * from the log and proved against that checkpoint. The smaller ones must be consistent with it.
 *
 * @param kept by size, at least one
 * @param size the log's present size, whose tiles are read
 * @throws NotValid `root-mismatch`, CoreError, CannotCheck
 */
export async function startAt(kept: readonly Checkpoint[], size: number, reads: TileReads): Promise<LogPosition> {
  const checkpoint = kept.at(-1) as Checkpoint; // the precondition
  const trusted = checkpoint.size;
  // The tiles that the log had at the earlier size may be gone; those of today hold the same hashes and more.
  const today = async (tile: TileId): Promise<Uint8Array> => {
    const whole = await reads.tile({ ...tile, width: tileWidth(tile.level, tile.index, size) });
    return whole.subarray(0, tile.width * HASH_BYTES);
  };
  const read = tileHashReader(trusted, today);
  const range = await frontier(trusted, read);
  if (!equalBytes(range.root(), checkpoint.root)) {
    const message = `the tiles of the log do not make the root hash of the checkpoint over ${trusted} entries`;
    throw new NotValid('root-mismatch', `${message}: the log was changed before index ${trusted}`);
  }
  for (const { size: from, root: fromRoot } of kept) {
    const path = await consistencyProof(from, trusted, read);
    verifyConsistency({ from, to: trusted, fromRoot, toRoot: checkpoint.root, path });
  }
  if (trusted === 0) return { size: 0, hashes: [], prev: new Uint8Array(HASH_BYTES), time: '' };
  const index = trusted - 1;
  const bundle = Math.floor(index / TILE_WIDTH);
  const entries = await reads.entries(bundle, tileWidth(0, bundle, size));
  const last = entries[index % TILE_WIDTH] as Uint8Array; // `entries` has the width that was asked for
  const leaf = leafHash(last);
  const path = await inclusionProof(index, trusted, read);
  verifyInclusion({ index, size: trusted, leaf, path, root: checkpoint.root });
  return { size: trusted, hashes: range.hashes, prev: leaf, time: parseEntry(last).time };
}
