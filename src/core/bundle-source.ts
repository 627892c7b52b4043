import { concat } from './bytes.ts';
import { CoreError } from './core-error.ts';
import { locateZipEntry, readZip, type RandomAccess, type ZipEntry } from './zip-reader.ts';

/** A bundle's files, wherever they are: in a zip, or unpacked in a folder. */
export interface BundleSource {
  /** Every file that is there, path with `/`, length in bytes. */
  readonly files: ReadonlyMap<string, number>;
  /** The content of a file, a piece at a time. Precondition: it is one of `files`. @throws CoreError `zip-malformed` */
  read(path: string): AsyncIterable<Uint8Array>;
}

/** Raw DEFLATE (RFC 1951) undone by the platform: Node's zlib, a browser's DecompressionStream. */
export type Inflate = (deflated: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

const PIECE = 256 * 1024;

/** The files of a zip. @throws CoreError `zip-malformed` */
export async function openZipBundle(zip: RandomAccess, inflate: Inflate): Promise<BundleSource> {
  const entries = new Map((await readZip(zip)).map((entry) => [entry.name, entry]));
  return {
    files: new Map([...entries.values()].map(({ name, size }) => [name, size])),
    read: (path) => {
      const entry = entries.get(path);
      if (entry === undefined) throw new Error('there is no such file in the zip');
      return readEntry(zip, entry, inflate);
    },
  };
}

/** Never more than the size that the directory states: a small file cannot unpack to a large one. */
async function* readEntry(zip: RandomAccess, entry: ZipEntry, inflate: Inflate): AsyncIterable<Uint8Array> {
  const raw = readPieces(zip, await locateZipEntry(zip, entry), entry.compressedSize);
  let size = 0;
  try {
    for await (const piece of entry.method === 0 ? raw : inflate(raw)) {
      size += piece.length;
      if (size > entry.size) break;
      yield piece;
    }
  } catch (error) {
    if (error instanceof CoreError) throw error;
    throw new CoreError('zip-malformed', `${entry.name} cannot be unpacked`);
  }
  if (size !== entry.size) throw new CoreError('zip-malformed', `${entry.name} has another length than the zip says`);
}

async function* readPieces(zip: RandomAccess, start: number, length: number): AsyncIterable<Uint8Array> {
  for (let done = 0; done < length; done += PIECE) yield await zip.read(start + done, Math.min(PIECE, length - done));
}

/**
 * A whole file, which is refused beyond `limit` bytes.
 *
 * @throws CoreError `evidence-malformed`, `zip-malformed`
 */
export async function readWhole(source: BundleSource, path: string, limit: number): Promise<Uint8Array> {
  const size = source.files.get(path) ?? 0;
  if (size > limit) throw new CoreError('evidence-malformed', `${path} is larger than ${limit} bytes`);
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const piece of source.read(path)) {
    if (at + piece.length > size) throw new CoreError('evidence-malformed', `${path} is longer than its folder says`);
    bytes.set(piece, at);
    at += piece.length;
  }
  if (at !== size) throw new CoreError('evidence-malformed', `${path} is shorter than its folder says`);
  return bytes;
}

const LF = 0x0a;
/** A line holds at most a receipt: its payload, entry and proof. */
const MAX_LINE_BYTES = 2 * 1024 * 1024;

/**
 * The lines of a JSONL file without their ends, one at a time, with its number from 1.
 *
 * @throws CoreError `evidence-malformed` (`at` = line) for a last line without its end and for one that is too long
 */
export async function* readLines(source: BundleSource, path: string): AsyncIterable<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  let number = 1;
  for await (const piece of source.read(path)) {
    const bytes = rest.length === 0 ? piece : concat(rest, piece);
    let start = 0;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, start)) {
      yield bytes.subarray(start, end);
      number++;
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (rest.length > MAX_LINE_BYTES) throw new CoreError('evidence-malformed', `line ${number} is longer than any can be`, String(number));
  }
  if (rest.length > 0) throw new CoreError('evidence-malformed', `line ${number} is not ended`, String(number));
}
