import { concat } from '../core/bytes.ts';
import { CoreError } from '../core/core-error.ts';
import { leafHash } from '../core/merkle-tree.ts';
import { TILE_WIDTH, type TileId } from '../core/tile.ts';
import type { LogStore } from './log-store.ts';
import { TileCache } from './tile-cache.ts';

/**
 * One log's tiles: full ones from memory or their row, the right edge made from what stands below it. A proof costs a
 * few of these whatever the log's size.
 */
export class TileSource {
  private readonly log: number;
  private readonly store: LogStore;
  private readonly cache: TileCache;

  /** @param cache may serve other logs too */
  constructor(log: number, store: LogStore, cache = new TileCache()) {
    this.log = log;
    this.store = store;
    this.cache = cache;
  }

  /**
   * A tile's hashes, 32 bytes each.
   *
   * @throws CoreError `tile-malformed` when the database does not hold what the tree's size promises
   */
  async read(tile: TileId): Promise<Uint8Array> {
    const bytes = tile.width === TILE_WIDTH ? await this.full(tile) : await this.partial(tile);
    if (bytes === undefined || bytes.length !== tile.width * 32) {
      throw new CoreError('tile-malformed', `the database lacks tile ${tile.index} of level ${tile.level}`);
    }
    return bytes;
  }

  /** Entries of bundle `index`, its first `width`. */
  async readEntries(index: number, width: number): Promise<Uint8Array[]> {
    const entries = await this.store.readEntries(this.log, index * TILE_WIDTH, index * TILE_WIDTH + width);
    if (entries.length !== width) throw new CoreError('bundle-malformed', `the database lacks entries of bundle ${index}`);
    return entries;
  }

  private async full({ level, index }: TileId): Promise<Uint8Array | undefined> {
    const key = `${this.log}/${level}/${index}`;
    const cached = this.cache.get(key);
    if (cached !== undefined) return cached;
    const hashes = await this.store.readTile(this.log, level, index);
    if (hashes === undefined) return undefined;
    // A row's Buffer is a view into a network buffer that may be much larger: keep a copy of the tile alone.
    const kept = Uint8Array.from(hashes);
    this.cache.set(key, kept);
    return kept;
  }

  private async partial({ level, index, width }: TileId): Promise<Uint8Array> {
    const from = index * TILE_WIDTH;
    const hashes =
      level === 0
        ? (await this.store.readEntries(this.log, from, from + width)).map(leafHash)
        : await this.store.readTileRoots(this.log, level - 1, from, from + width);
    return concat(...hashes);
  }
}
