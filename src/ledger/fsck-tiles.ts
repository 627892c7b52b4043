import type { Pool } from 'pg';
import { equalBytes } from '../core/bytes.ts';
import { TILE_HEIGHT, TILE_WIDTH } from '../core/tile.ts';
import type { Finding } from './fsck.ts';

const HASH_BYTES = 32;

interface Recomputed {
  level: number;
  index: number;
  hashes: Uint8Array;
  root: Uint8Array;
}

/** Compares the stored tiles with those that the entries make. */
export class TileAudit {
  /** Tiles that were compared. */
  compared = 0;
  private readonly pool: Pool;
  private readonly log: number;
  private readonly find: (finding: Finding) => void;
  /** By tile level: the hashes of the tile that is filling. */
  private readonly filling: Uint8Array[] = [];
  private full: Recomputed[] = [];

  constructor(pool: Pool, log: number, find: (finding: Finding) => void) {
    this.pool = pool;
    this.log = log;
    this.find = find;
  }

  /** Told every node that the entries complete, children before parents. */
  readonly onNode = (level: number, index: number, hash: Uint8Array): void => {
    if (level % TILE_HEIGHT !== 0) return;
    const tileLevel = level / TILE_HEIGHT;
    if (tileLevel > 0) {
      const hashes = this.filling[tileLevel - 1] ?? new Uint8Array(0);
      this.full.push({ level: tileLevel - 1, index, hashes: hashes.slice(), root: hash.slice() });
    }
    const filling = (this.filling[tileLevel] ??= new Uint8Array(TILE_WIDTH * HASH_BYTES));
    filling.set(hash, (index % TILE_WIDTH) * HASH_BYTES);
  };

  /** Compares what has filled since the last call; holds one page of entries' worth of tiles. */
  async compare(): Promise<void> {
    for (const tile of this.full) {
      const { rows } = await this.pool.query<{ root: Buffer; hashes: Buffer }>(
        'select root, hashes from tile where log = $1 and level = $2 and index = $3',
        [this.log, tile.level, tile.index],
      );
      const [row] = rows;
      this.compared += 1;
      if (row === undefined) this.find(finding('tile-missing', tile, 0, 'is missing'));
      else if (!equalBytes(row.hashes, tile.hashes)) this.find(finding('tile-wrong', tile, firstDifference(row.hashes, tile.hashes), 'is not that of the entries'));
      else if (!equalBytes(row.root, tile.root)) this.find(finding('tile-wrong', tile, 0, 'has another root than its hashes make'));
    }
    this.full = [];
  }
}

/** The finding points at the first leaf below hash number `place` of the tile. */
function finding(code: string, { level, index }: { level: number; index: number }, place: number, what: string): Finding {
  return { code, detail: `tile ${index} of level ${level} ${what}`, index: (index * TILE_WIDTH + place) * TILE_WIDTH ** level };
}

/** Which hash of two tiles is the first to differ. */
function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const at = b.findIndex((byte, i) => byte !== a[i]);
  return Math.floor(at / HASH_BYTES);
}
