import { consistencyProof } from '../core/consistency-proof.ts';
import { inclusionProof } from '../core/inclusion-proof.ts';
import { tileHashReader } from '../core/tile-hash-reader.ts';
import { treeRoot } from '../core/tree-root.ts';
import type { TileSource } from './tile-source.ts';

/** Makes one log's proofs from its tiles; cost grows with the logarithm of the size. */
export class Prover {
  private readonly tiles: TileSource;

  constructor(tiles: TileSource) {
    this.tiles = tiles;
  }

  /** Root hash of the tree of the first `size` entries. Precondition: the log holds so many. */
  root(size: number): Promise<Uint8Array> {
    return treeRoot(size, this.reader(size));
  }

  /** RFC 9162, section 2.1.3.1. Precondition: index < size ≤ the log's size. */
  inclusion(index: number, size: number): Promise<Uint8Array[]> {
    return inclusionProof(index, size, this.reader(size));
  }

  /** RFC 9162, section 2.1.4.1. Precondition: from ≤ to ≤ the log's size. */
  consistency(from: number, to: number): Promise<Uint8Array[]> {
    return consistencyProof(from, to, this.reader(to));
  }

  private reader(size: number) {
    return tileHashReader(size, (tile) => this.tiles.read(tile));
  }
}
