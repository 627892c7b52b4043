import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openCheckpoint } from '../src/core/checkpoint.ts';
import { decodeEntryBundle } from '../src/core/entry-bundle.ts';
import { entriesPath, tilePath, tileWidth, TILE_WIDTH } from '../src/core/tile.ts';
import { parseVkey } from '../src/core/vkey.ts';

/** A log's resources in a folder, under the paths that they have below the log's URL. */
export interface LogCopy {
  folder: string;
  /** Tree size of the checkpoint that was copied. */
  size: number;
  files: number;
  bytes: number;
}

/**
 * Downloads a log by c2sp.org/tlog-tiles: its checkpoint, then the tiles and entry bundles of that tree size.
 *
 * @param get fetches a path below the log's URL; throws for any status but 200
 */
export async function copyLog(
  get: (path: string) => Promise<Uint8Array>,
  vkey: string,
  folder: string,
): Promise<LogCopy> {
  let files = 0;
  let bytes = 0;
  const copy = async (path: string): Promise<Uint8Array> => {
    const content = await get(path);
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    files += 1;
    bytes += content.length;
    return content;
  };
  const note = Buffer.from(await copy('checkpoint')).toString('utf8');
  const { size } = openCheckpoint(note, parseVkey(vkey));
  for (const path of resourcePaths(size)) await copy(path);
  return { folder, size, files, bytes };
}

/** Paths of all tiles and entry bundles of a tree of `size` leaves. */
export function resourcePaths(size: number): string[] {
  const paths: string[] = [];
  for (let level = 0; tileWidth(level, 0, size) > 0; level++) {
    for (let index = 0; tileWidth(level, index, size) > 0; index++) {
      const width = tileWidth(level, index, size);
      paths.push(tilePath({ level, index, width }));
      if (level === 0) paths.push(entriesPath({ index, width }));
    }
  }
  return paths;
}

/** The entries of the copy, as text, in the order of the log. */
export async function readEntries(copy: LogCopy): Promise<string[]> {
  const entries: string[] = [];
  for (let index = 0; index * TILE_WIDTH < copy.size; index++) {
    const bundle = await readFile(join(copy.folder, entriesPath({ index, width: tileWidth(0, index, copy.size) })));
    entries.push(...decodeEntryBundle(bundle).map((entry) => Buffer.from(entry).toString('utf8')));
  }
  return entries;
}

/** A changed byte: the file, the byte's place in it, and the character before and after. */
export interface Forgery {
  file: string;
  offset: number;
  before: string;
  after: string;
}

/**
 * Changes one digit of one entry's commitment in the copy. The entry stays well-formed in every respect.
 * Precondition: 0 ≤ index < copy.size.
 */
export async function forgeEntry(copy: LogCopy, index: number): Promise<Forgery> {
  const bundle = Math.floor(index / TILE_WIDTH);
  const file = join(copy.folder, entriesPath({ index: bundle, width: tileWidth(0, bundle, copy.size) }));
  const bytes = await readFile(file);
  const entry = decodeEntryBundle(bytes)[index % TILE_WIDTH];
  if (!entry) throw new RangeError(`the bundle has no entry ${index}`);
  const label = Buffer.from('"commitment":"');
  const offset = bytes.indexOf(label, entry.byteOffset - bytes.byteOffset) + label.length;
  const before = String.fromCharCode(bytes[offset] ?? 0);
  const after = before === '0' ? '1' : '0';
  bytes.write(after, offset, 'latin1');
  await writeFile(file, bytes);
  return { file, offset, before, after };
}
