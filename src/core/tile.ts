import { CoreError } from './core-error.ts';
import { isIndex } from './subtree.ts';

/** Hashes in a full tile, entries in a full bundle (c2sp.org/tlog-tiles, height 8). */
export const TILE_WIDTH = 256;

/** Levels of the tree between one level of tiles and the next. */
export const TILE_HEIGHT = 8;

const MAX_TILE_LEVEL = 63;

/** A tile: `level` 0 … 63 counts tiles, not tree levels; `width` 1 … 256 hashes, where 256 is a full tile. */
export interface TileId {
  level: number;
  index: number;
  width: number;
}

/** A bundle of entries: those of the level 0 tile of the same index and width. */
export interface EntryBundleId {
  index: number;
  width: number;
}

/**
 * Path of a tile below the log's prefix, e.g. `tile/0/x001/067` or `tile/0/x001/067.p/12`.
 *
 * @throws CoreError `tile-path-malformed`
 */
export function tilePath(tile: TileId): string {
  if (!isIndex(tile.level) || tile.level > MAX_TILE_LEVEL) {
    throw new CoreError('tile-path-malformed', `there is no tile level ${tile.level}`);
  }
  return `tile/${tile.level}/${indexPath(tile)}`;
}

/**
 * Path of an entry bundle below the log's prefix, e.g. `tile/entries/000.p/3`.
 *
 * @throws CoreError `tile-path-malformed`
 */
export function entriesPath(bundle: EntryBundleId): string {
  return `tile/entries/${indexPath(bundle)}`;
}

function indexPath({ index, width }: EntryBundleId): string {
  if (!isIndex(index) || !isIndex(width) || width < 1 || width > TILE_WIDTH) {
    throw new CoreError('tile-path-malformed', `there is no tile of index ${index} and width ${width}`);
  }
  let path = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  }
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}

const TILE_PATH = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/**
 * Reads the path of a tile or an entry bundle. Strict: exactly what `tilePath` and `entriesPath` write.
 *
 * @throws CoreError `tile-path-malformed`
 */
export function parseTilePath(
  path: string,
): { kind: 'hashes'; tile: TileId } | { kind: 'entries'; index: number; width: number } {
  const match = TILE_PATH.exec(path);
  const [, level, digits, partial] = match ?? [];
  if (level === undefined || digits === undefined) throw malformed(path);
  const index = Number(digits.replaceAll(/[x/]/g, ''));
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  if (!isIndex(index) || width > TILE_WIDTH) throw malformed(path);
  const tile = { level: level === 'entries' ? 0 : Number(level), index, width };
  if (tile.level > MAX_TILE_LEVEL) throw malformed(path);
  // Needless x000 elements and a partial width of 256 are second spellings of another path.
  if (path !== (level === 'entries' ? entriesPath(tile) : tilePath(tile))) throw malformed(path);
  return level === 'entries' ? { kind: 'entries', index, width } : { kind: 'hashes', tile };
}

function malformed(path: string): CoreError {
  return new CoreError('tile-path-malformed', `${JSON.stringify(path.slice(0, 100))} is not the path of a tile`);
}

/** Hashes that tile (level, index) holds in a tree of `size` leaves: 0 when there is none, 256 when it is full. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level);
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH));
}
