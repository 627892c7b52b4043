import { HASH_BYTES } from '../core/merkle-tree.ts';
import { TILE_HEIGHT, TILE_WIDTH, tilePath, tileWidth } from '../core/tile.ts';
import type { TileReader } from '../core/tile-hash-reader.ts';
import { NotValid } from './verify-verdict.ts';

interface Filling {
  index: number;
  /** The first hash that was recomputed: those before it are older than what is verified. */
  first: number;
  hashes: Uint8Array;
}

/** Compares the tiles above the leaves with what the entries make; holds one tile a level. */
export class TileComparison {
  readonly #read: TileReader;
  readonly #size: number;
  /** By tile level, from 1. */
  readonly #filling = new Map<number, Filling>();
  #full: (Filling & { level: number })[] = [];
  /** Tiles found equal. */
  compared = 0;

  /** @param size the tree size of the checkpoint: what is beyond it is not looked at */
  constructor(read: TileReader, size: number) {
    this.#read = read;
    this.#size = size;
  }

  /** Told every node that the entries complete, children before parents. */
  readonly onNode = (level: number, index: number, hash: Uint8Array): void => {
    if (level === 0 || level % TILE_HEIGHT !== 0) return;
    const tileLevel = level / TILE_HEIGHT;
    const position = index % TILE_WIDTH;
    let filling = this.#filling.get(tileLevel);
    if (filling === undefined) {
      const hashes = new Uint8Array(TILE_WIDTH * HASH_BYTES);
      filling = { index: Math.floor(index / TILE_WIDTH), first: position, hashes };
      this.#filling.set(tileLevel, filling);
    }
    filling.hashes.set(hash, position * HASH_BYTES);
    if (position === TILE_WIDTH - 1) {
      this.#full.push({ level: tileLevel, ...filling });
      this.#filling.delete(tileLevel);
    }
  };

  /** Compares the tiles that have filled since the last call. @throws NotValid, CannotCheck */
  async compareFull(): Promise<void> {
    for (const tile of this.#full) await this.#compare(tile);
    this.#full = [];
  }

  /** Compares what is left at the right edge. @throws NotValid, CannotCheck */
  async compareRest(): Promise<void> {
    await this.compareFull();
    for (const [level, filling] of this.#filling) await this.#compare({ level, ...filling });
  }

  async #compare({ level, index, first, hashes }: Filling & { level: number }): Promise<void> {
    const tile = { level, index, width: tileWidth(level, index, this.#size) };
    const stored = await this.#read(tile);
    for (let i = first; i < tile.width; i++) {
      if (!holdsHash(stored, i, hashAt(hashes, i))) {
        const message = `${tilePath(tile)} holds another hash at place ${i} than the entries make`;
        throw new NotValid('tile-wrong', message, (index * TILE_WIDTH + i) * TILE_WIDTH ** level);
      }
    }
    this.compared += 1;
  }
}

/** Hash number `i` of a tile. */
export function hashAt(hashes: Uint8Array, i: number): Uint8Array {
  return hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
}

/** Whether hash number `i` of a tile is `hash`. Takes no view of the tile: it is asked for every entry. */
export function holdsHash(hashes: Uint8Array, i: number, hash: Uint8Array): boolean {
  for (let k = 0; k < HASH_BYTES; k++) if (hashes[i * HASH_BYTES + k] !== hash[k]) return false;
  return true;
}
