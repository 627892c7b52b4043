import { parseCheckpointText } from '../core/checkpoint.ts';
import { parseNote } from '../core/signed-note.ts';
import { TILE_WIDTH, tileWidth } from '../core/tile.ts';
import { TileReads } from './verify-reads.ts';
import { openSource } from './verify-source.ts';

/**
 * Reads entries of an untrusted copy of a log, by URL or from a folder (c2sp.org/tlog-tiles).
 *
 * @param size how many entries are wanted of it; it may hold more
 * @returns a reader of entries [from, to), which lie in one bundle
 */
export function readEntriesFrom(place: string, size: number): (from: number, to: number) => Promise<Uint8Array[]> {
  let opened: Promise<{ reads: TileReads; size: number }> | undefined;
  return async (from, to) => {
    opened ??= openCopy(place, size);
    const copy = await opened;
    const bundle = Math.floor(from / TILE_WIDTH);
    const entries = await copy.reads.entries(bundle, tileWidth(0, bundle, copy.size));
    return entries.slice(from - bundle * TILE_WIDTH, to - bundle * TILE_WIDTH);
  };
}

/** The width of its last bundle follows from the size that the copy itself claims. */
async function openCopy(place: string, size: number): Promise<{ reads: TileReads; size: number }> {
  const reads = new TileReads(openSource(place, undefined));
  const claimed = parseCheckpointText(parseNote(await reads.checkpoint()).text).size;
  return { reads, size: Math.max(size, claimed) };
}
