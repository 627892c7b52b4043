import { CoreError } from './core-error.ts';
import type { HashReader, NodeId } from './hash-reader.ts';
import { HASH_BYTES, nodeHash } from './merkle-tree.ts';
import { isIndex } from './subtree.ts';
import { TILE_HEIGHT, tilePath, tileWidth, type TileId } from './tile.ts';

/** Fetches a tile: `width` hashes of 32 bytes, one after another. */
export type TileReader = (tile: TileId) => Promise<Uint8Array>;

/**
 * Reads nodes of the tree of `size` leaves from its tiles. Each call reads each tile once: full ones as full, those at
 * the right edge with the partial width that they have at this very size, and no tile that this size does not have.
 *
 * @throws CoreError `size-mismatch` for a node that is not complete at this size,
 *   `tile-malformed` for a tile of another length
 */
export function tileHashReader(size: number, read: TileReader): HashReader {
  return async (nodes) => {
    const places = nodes.map((node) => placeOf(node, size));
    const wanted = new Map<string, TileId>();
    for (const { tile } of places) wanted.set(tilePath(tile), tile);
    const tiles = new Map(
      await Promise.all(
        [...wanted].map(async ([path, tile]): Promise<[string, Uint8Array]> => [path, checked(await read(tile), tile)]),
      ),
    );
    return places.map(({ tile, first, count }) => {
      const bytes = tiles.get(tilePath(tile)) as Uint8Array; // every place's tile was wanted
      return hashOfRun(bytes.subarray(first * HASH_BYTES, (first + count) * HASH_BYTES));
    });
  };
}

/** Where a node stands: it is the root of `count` = 2^(level mod 8) hashes of its tile, from `first` on. */
function placeOf({ level, index }: NodeId, size: number): { tile: TileId; first: number; count: number } {
  if (!isIndex(level) || !isIndex(index) || (index + 1) * 2 ** level > size) {
    throw new CoreError('size-mismatch', `node ${index} of level ${level} is not complete in a tree of ${size} leaves`);
  }
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const count = 2 ** (level % TILE_HEIGHT);
  const perTile = 2 ** TILE_HEIGHT / count;
  const tileIndex = Math.floor(index / perTile);
  const tile = { level: tileLevel, index: tileIndex, width: tileWidth(tileLevel, tileIndex, size) };
  return { tile, first: (index % perTile) * count, count };
}

function checked(bytes: Uint8Array, tile: TileId): Uint8Array {
  if (bytes.length !== tile.width * HASH_BYTES) {
    const expected = tile.width * HASH_BYTES;
    throw new CoreError('tile-malformed', `expected ${expected} bytes, got ${bytes.length}`, tilePath(tile));
  }
  return bytes;
}

/** Root of a run of 1, 2, 4 … 128 concatenated hashes. */
function hashOfRun(hashes: Uint8Array): Uint8Array {
  if (hashes.length === HASH_BYTES) return hashes.slice();
  const half = hashes.length / 2;
  return nodeHash(hashOfRun(hashes.subarray(0, half)), hashOfRun(hashes.subarray(half)));
}
