import { fromUtf8 } from '../core/bytes.ts';
import { CoreError } from '../core/core-error.ts';
import { decodeEntryBundle } from '../core/entry-bundle.ts';
import { HASH_BYTES } from '../core/merkle-tree.ts';
import { MAX_NOTE_BYTES } from '../core/signed-note.ts';
import { entriesPath, TILE_WIDTH, tilePath, type TileId } from '../core/tile.ts';
import type { LogSource } from './verify-source.ts';
import { CannotCheck, NotValid } from './verify-verdict.ts';

const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + 0xffff);

/** Reads a log's resources from a source, by c2sp.org/tlog-tiles. */
export class TileReads {
  readonly #source: LogSource;

  constructor(source: LogSource) {
    this.#source = source;
  }

  /** The newest checkpoint, not verified. @throws CannotCheck, CoreError `encoding-utf8` */
  async checkpoint(): Promise<string> {
    const bytes = await this.#source.read('checkpoint', MAX_NOTE_BYTES);
    if (bytes === undefined) {
      throw new CannotCheck('there is no checkpoint there (a log that is closed shows itself to its own --key alone)');
    }
    return fromUtf8(bytes);
  }

  /** A tile's hashes, `tile.width` × 32 bytes. @throws CannotCheck, NotValid `tile-malformed` */
  readonly tile = async (tile: TileId): Promise<Uint8Array> => {
    const { bytes, width } = await this.#part(tilePath, tile, TILE_WIDTH * HASH_BYTES);
    if (bytes.length !== width * HASH_BYTES) {
      const message = `${tilePath({ ...tile, width })} has ${bytes.length} bytes, not ${width * HASH_BYTES}`;
      throw new NotValid('tile-malformed', message, tile.index * TILE_WIDTH ** (tile.level + 1));
    }
    return bytes.subarray(0, tile.width * HASH_BYTES);
  };

  /** The entries of a bundle, `width` of them. @throws CannotCheck, NotValid `bundle-malformed` */
  async entries(index: number, width: number): Promise<Uint8Array[]> {
    const part = await this.#part(entriesPath, { index, width }, MAX_BUNDLE_BYTES);
    const path = entriesPath({ index, width: part.width });
    const first = index * TILE_WIDTH;
    let entries: Uint8Array[];
    try {
      entries = decodeEntryBundle(part.bytes);
    } catch (error) {
      if (!(error instanceof CoreError)) throw error;
      throw new NotValid(error.code, `${path}, with entries from ${first} on: ${error.message}`, first);
    }
    if (entries.length !== part.width) {
      const message = `${path} holds ${entries.length} entries, not ${part.width}`;
      throw new NotValid('bundle-malformed', message, first + Math.min(entries.length, part.width));
    }
    return entries.slice(0, width);
  }

  /** A partial resource, or the full one once the log has grown past it and dropped the partial. */
  async #part<T extends { width: number }>(
    pathOf: (part: T) => string,
    part: T,
    maxBytes: number,
  ): Promise<{ bytes: Uint8Array; width: number }> {
    for (const width of part.width === TILE_WIDTH ? [TILE_WIDTH] : [part.width, TILE_WIDTH]) {
      const bytes = await this.#source.read(pathOf({ ...part, width }), maxBytes);
      // Not as a Buffer, whose views take twice as long to make: there is one for each entry.
      if (bytes !== undefined) return { bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), width };
    }
    throw new CannotCheck(`${pathOf(part)} is missing`);
  }
}
