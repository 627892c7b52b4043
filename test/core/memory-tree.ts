import { equalBytes, toHex } from '../../src/core/bytes.ts';
import { CompactRange } from '../../src/core/compact-range.ts';
import type { HashReader, NodeId } from '../../src/core/hash-reader.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { tileWidth, type TileId } from '../../src/core/tile.ts';
import { sampleEntry } from './oracle.ts';

/** All nodes of a tree of sample entries, as `CompactRange.append` reports them; reads say what was asked. */
export class MemoryTree {
  readonly range = new CompactRange();
  readonly #levels: Uint8Array[][] = [];
  readonly roots: Uint8Array[] = [this.range.root()];

  constructor(size: number) {
    for (let i = 0; i < size; i++) {
      const leaf = leafHash(sampleEntry(i));
      this.#keep(0, i, leaf);
      this.range.append(leaf, (level, index, hash) => this.#keep(level, index, hash));
      this.roots.push(this.range.root());
    }
  }

  #keep(level: number, index: number, hash: Uint8Array): void {
    (this.#levels[level] ??= [])[index] = hash;
  }

  node({ level, index }: NodeId): Uint8Array {
    const hash = this.#levels[level]?.[index];
    if (hash === undefined) throw new Error(`node ${level}/${index} is not complete`);
    return hash;
  }

  readonly read: HashReader = async (nodes) => nodes.map((node) => this.node(node));

  /** The bytes of a tile as a log of `size` leaves would serve it; refuses a tile or width that it does not have. */
  tile(tile: TileId, size: number): Uint8Array {
    if (tile.width < 1 || tile.width !== tileWidth(tile.level, tile.index, size)) {
      throw new Error(`a tree of ${size} leaves has no tile ${JSON.stringify(tile)}`);
    }
    const hashes = Array.from({ length: tile.width }, (_, i) =>
      this.node({ level: tile.level * 8, index: tile.index * 256 + i }),
    );
    return new Uint8Array(Buffer.concat(hashes));
  }
}

/** Whether two paths hold the same hashes; far cheaper than toEqual, for the exhaustive tests. */
export function samePath(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((hash, i) => equalBytes(hash, b[i] as Uint8Array));
}

/** Hexadecimal of each hash, for readable comparisons. */
export function hex(hashes: readonly Uint8Array[]): string[] {
  return hashes.map(toHex);
}
