import type { Checkpoint } from '../core/checkpoint.ts';
import { CoreError } from '../core/core-error.ts';
import { inclusionProof, verifyInclusion } from '../core/inclusion-proof.ts';
import { TILE_WIDTH, tilePath, tileWidth } from '../core/tile.ts';
import { tileHashReader } from '../core/tile-hash-reader.ts';
import type { TileReads } from './verify-reads.ts';
import { CannotCheck, NotValid } from './verify-verdict.ts';

/** The log whose signed root decides which of two things that contradict each other was changed. */
export interface SignedLog {
  head: Checkpoint;
  reads: TileReads;
}

/** Entry `index` hashes to `computed`, its tile holds `stored`. */
export async function blameLeaf(
  log: SignedLog,
  index: number,
  computed: Uint8Array,
  stored: Uint8Array,
): Promise<NotValid> {
  const isSigned = await signedLeaf(log, index);
  if (isSigned(stored)) {
    const message = `entry ${index} was changed: the tree that the log signed holds another entry at that index`;
    return new NotValid('inclusion-invalid', message, index);
  }
  const tile = { level: 0, index: Math.floor(index / TILE_WIDTH) };
  const path = tilePath({ ...tile, width: tileWidth(0, tile.index, log.head.size) });
  const which = isSigned(computed) ? 'the entry was signed, so the tile was changed' : 'neither is proved to be signed';
  return new NotValid('tile-wrong', `entry ${index} and ${path} differ: ${which}`, index);
}

/** Entry `index` does not follow the one before, whose leaf hash is `prev`. */
export async function blameLink(
  log: SignedLog,
  index: number,
  prev: Uint8Array,
  error: CoreError,
): Promise<NotValid> {
  if (error.code !== 'chain-broken' || index === 0 || (await signedLeaf(log, index - 1))(prev)) {
    return new NotValid(error.code, error.message, index);
  }
  const message = `${error.message}, and entry ${index - 1} is not proved to be the one that was signed`;
  return new NotValid(error.code, message, index - 1);
}

/** Tells whether a leaf hash is the one at `index` under the signed root, as far as the tiles can show it. */
async function signedLeaf({ head, reads }: SignedLog, index: number): Promise<(leaf: Uint8Array) => boolean> {
  const { size, root } = head;
  let path: Uint8Array[];
  try {
    path = await inclusionProof(index, size, tileHashReader(size, reads.tile));
  } catch (error) {
    if (error instanceof NotValid || error instanceof CannotCheck) return () => false;
    throw error;
  }
  return (leaf) => {
    try {
      verifyInclusion({ index, size, leaf, path, root });
      return true;
    } catch (error) {
      if (error instanceof CoreError) return false;
      throw error;
    }
  };
}
