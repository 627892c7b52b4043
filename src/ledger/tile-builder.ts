import { leafHash } from '../core/merkle-tree.ts';
import { concat } from '../core/bytes.ts';
import { TILE_WIDTH } from '../core/tile.ts';
import type { Batch } from './batch.ts';
import type { LogStore, TileRow } from './log-store.ts';

const TILE_BYTES = TILE_WIDTH * 32;

/**
 * Makes the rows of the tiles that a batch fills. The unfinished tile of leaf hashes is kept in memory from batch to
 * batch; after another replica's append it is read again, but only when a tile fills. Higher tiles fill once in 65,536
 * entries, and their hashes are the roots of the tiles below.
 */
export class TileBuilder {
  private readonly log: number;
  private readonly store: LogStore;
  private readonly partial = Buffer.alloc(TILE_BYTES);
  /** The tree size that `partial` belongs to; -1 when unknown. */
  private partialSize = 0;

  constructor(log: number, store: LogStore) {
    this.log = log;
    this.store = store;
  }

  async build(batch: Batch): Promise<TileRow[]> {
    if (batch.fullTiles.length === 0) return [];
    const { size } = batch.expected;
    const before = size % TILE_WIDTH;
    const leaves = concat(await this.leavesBefore(size, before), batch.leafHashes);
    const firstTile = Math.floor(size / TILE_WIDTH);
    const rows: TileRow[] = [];
    for (const tile of batch.fullTiles) {
      const at = (tile.index - firstTile) * TILE_BYTES;
      const hashes = tile.level === 0 ? leaves.subarray(at, at + TILE_BYTES) : await this.rootsBelow(tile.level, tile.index, rows);
      rows.push({ ...tile, hashes });
    }
    return rows;
  }

  /** Carries the unfinished tile on behind a committed batch. */
  committed(batch: Batch): void {
    const { size } = batch.expected;
    const left = batch.next.size % TILE_WIDTH;
    if (batch.fullTiles.length > 0) {
      batch.leafHashes.copy(this.partial, 0, batch.leafHashes.length - left * 32);
    } else if (this.partialSize === size) {
      batch.leafHashes.copy(this.partial, (size % TILE_WIDTH) * 32);
    } else {
      this.partialSize = -1;
      return;
    }
    this.partialSize = batch.next.size;
  }

  private async leavesBefore(size: number, count: number): Promise<Uint8Array> {
    if (this.partialSize === size) return this.partial.subarray(0, count * 32);
    const entries = await this.store.readEntries(this.log, size - count, size);
    if (entries.length !== count) throw new Error(`entries ${size - count} to ${size} are not all there`);
    return concat(...entries.map(leafHash));
  }

  private async rootsBelow(level: number, index: number, filledNow: readonly TileRow[]): Promise<Uint8Array> {
    const from = index * TILE_WIDTH;
    const now = filledNow.filter((row) => row.level === level - 1 && row.index >= from && row.index < from + TILE_WIDTH);
    const stored = await this.store.readTileRoots(this.log, level - 1, from, from + TILE_WIDTH - now.length);
    const hashes = concat(...stored, ...now.map((row) => row.root));
    if (hashes.length !== TILE_BYTES) throw new Error(`tiles below level ${level}, index ${index} are not all there`);
    return hashes;
  }
}
