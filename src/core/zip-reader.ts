import { fromUtf8 } from './bytes.ts';
import { CoreError } from './core-error.ts';

/** Bytes that can be read at any place: a file on disk, or one that was dropped on a page. */
export interface RandomAccess {
  size: number;
  /** Exactly `length` bytes from `offset` on. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** One file in a zip, from its central directory. Sizes and offsets in bytes. */
export interface ZipEntry {
  name: string;
  /** 0 stored, 8 deflated (APPNOTE 4.4.5). */
  method: 0 | 8;
  compressedSize: number;
  size: number;
  /** Where its local header begins. */
  offset: number;
}

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const LOCATOR_SIGNATURE = 0x07064b50;
const LOCATOR_BYTES = 20;
const END64_SIGNATURE = 0x06064b50;
const END64_BYTES = 56;
const CENTRAL_SIGNATURE = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const ZIP64_EXTRA = 0x0001;
const ENCRYPTED = 0x2041;
const MAX_16 = 0xffff;
const MAX_32 = 0xffffffff;
const MAX_DIRECTORY_BYTES = 64 * 1024 * 1024;

interface Directory {
  offset: number;
  bytes: number;
  count: number;
}

/**
 * The files of a zip (PKWARE APPNOTE 6.3), read strictly: what two programs could read in two ways is refused. No comment, no
 * bytes after the end, no encryption, no folders, no name twice (not even in other letters), no name that leaves its folder.
 *
 * @throws CoreError `zip-malformed` with `at` = byte offset where there is one
 */
export async function readZip(source: RandomAccess): Promise<ZipEntry[]> {
  const directory = await readEnd(source);
  if (directory.bytes > MAX_DIRECTORY_BYTES) throw malformed('its directory is too large');
  const bytes = await source.read(directory.offset, directory.bytes);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < directory.count; i++) {
    const { entry, next } = readCentral(bytes, at, directory.offset);
    entries.push(entry);
    at = next;
  }
  if (at !== bytes.length) throw malformed('its directory holds more than its entries', directory.offset + at);
  checkNames(entries);
  return entries;
}

/** Where the stored or deflated bytes of an entry are. @throws CoreError `zip-malformed` when its own header tells of another file */
export async function locateZipEntry(source: RandomAccess, entry: ZipEntry): Promise<number> {
  if (entry.offset + LOCAL_BYTES > source.size) throw malformed('an entry begins past the end', entry.offset);
  const view = viewOf(await source.read(entry.offset, LOCAL_BYTES));
  const nameLength = view.getUint16(26, true);
  const start = entry.offset + LOCAL_BYTES + nameLength + view.getUint16(28, true);
  if (view.getUint32(0, true) !== LOCAL_SIGNATURE || view.getUint16(8, true) !== entry.method || start + entry.compressedSize > source.size) {
    throw malformed('an entry is not what the directory says', entry.offset);
  }
  const name = readName(await source.read(entry.offset + LOCAL_BYTES, nameLength), entry.offset);
  if (name !== entry.name) throw malformed('an entry has two names', entry.offset);
  return start;
}

async function readEnd(source: RandomAccess): Promise<Directory> {
  const at = source.size - END_BYTES;
  if (at < 0) throw malformed('it is too short');
  const view = viewOf(await source.read(at, END_BYTES));
  if (view.getUint32(0, true) !== END_SIGNATURE || view.getUint16(20, true) !== 0) {
    throw malformed('it does not end as a zip without comment does', at);
  }
  const directory = { count: view.getUint16(10, true), bytes: view.getUint32(12, true), offset: view.getUint32(16, true) };
  const large = directory.count === MAX_16 || directory.bytes === MAX_32 || directory.offset === MAX_32;
  const { end, ...found } = large ? await readEnd64(source, at) : { ...directory, end: at };
  if (view.getUint32(4, true) !== 0 || (!large && view.getUint16(8, true) !== found.count)) throw malformed('it is one of several parts', at);
  if (found.offset + found.bytes !== end) throw malformed('its directory does not stand right before its end', at);
  return found;
}

async function readEnd64(source: RandomAccess, endAt: number): Promise<Directory & { end: number }> {
  const locatorAt = endAt - LOCATOR_BYTES;
  if (locatorAt < 0) throw malformed('it is too short');
  const locator = viewOf(await source.read(locatorAt, LOCATOR_BYTES));
  const at = readUint64(locator, 8);
  if (locator.getUint32(0, true) !== LOCATOR_SIGNATURE || at + END64_BYTES !== locatorAt) throw malformed('its zip64 end is not where it says', locatorAt);
  const view = viewOf(await source.read(at, END64_BYTES));
  if (view.getUint32(0, true) !== END64_SIGNATURE) throw malformed('its zip64 end is not one', at);
  return { count: readUint64(view, 32), bytes: readUint64(view, 40), offset: readUint64(view, 48), end: at };
}

function readCentral(bytes: Uint8Array, at: number, base: number): { entry: ZipEntry; next: number } {
  if (at + CENTRAL_BYTES > bytes.length) throw malformed('its directory ends in the middle of an entry', base + at);
  const view = viewOf(bytes.subarray(at));
  if (view.getUint32(0, true) !== CENTRAL_SIGNATURE) throw malformed('its directory holds something else than entries', base + at);
  if ((view.getUint16(8, true) & ENCRYPTED) !== 0) throw malformed('an entry is encrypted', base + at);
  const method = view.getUint16(10, true);
  if (method !== 0 && method !== 8) throw malformed('an entry is neither stored nor deflated', base + at);
  const nameEnd = at + CENTRAL_BYTES + view.getUint16(28, true);
  const extraEnd = nameEnd + view.getUint16(30, true);
  const next = extraEnd + view.getUint16(32, true);
  if (next > bytes.length) throw malformed('its directory ends in the middle of an entry', base + at);
  const fields = { size: view.getUint32(24, true), compressedSize: view.getUint32(20, true), offset: view.getUint32(42, true) };
  widen(fields, bytes.subarray(nameEnd, extraEnd), base + at);
  if (method === 0 && fields.size !== fields.compressedSize) throw malformed('a stored entry has two sizes', base + at);
  return { entry: { name: readName(bytes.subarray(at + CENTRAL_BYTES, nameEnd), base + at), method, ...fields }, next };
}

/** Takes from the zip64 extra what does not fit into 32 bits (APPNOTE 4.5.3): in this order, and only what is missing. */
function widen(fields: { size: number; compressedSize: number; offset: number }, extra: Uint8Array, at: number): void {
  const missing = (['size', 'compressedSize', 'offset'] as const).filter((key) => fields[key] === MAX_32);
  if (missing.length === 0) return;
  const view = viewOf(extra);
  for (let i = 0; i + 4 <= extra.length; i += 4 + view.getUint16(i + 2, true)) {
    if (view.getUint16(i, true) !== ZIP64_EXTRA) continue;
    if (view.getUint16(i + 2, true) < missing.length * 8 || i + 4 + missing.length * 8 > extra.length) break;
    for (const [n, key] of missing.entries()) fields[key] = readUint64(view, i + 4 + n * 8);
    return;
  }
  throw malformed('an entry’s size is missing', at);
}

function checkNames(entries: readonly ZipEntry[]): void {
  const seen = new Set<string>();
  for (const { name, offset } of entries) {
    if (seen.has(name.toLowerCase())) throw malformed('two entries have one name', offset);
    seen.add(name.toLowerCase());
  }
}

// Relative, of letters, digits, '.', '_', '-' and '/', no part empty, '.' or '..': such a name means the same to everyone.
const NAME = /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/;

function readName(bytes: Uint8Array, at: number): string {
  const name = fromUtf8(bytes);
  if (!NAME.test(name)) throw malformed('the name of an entry is not a plain relative path', at);
  return name;
}

function readUint64(view: DataView, at: number): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  if (!Number.isSafeInteger(value)) throw malformed('a size is beyond all sense');
  return value;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function malformed(why: string, at?: number): CoreError {
  return new CoreError('zip-malformed', `not a zip that can be trusted to hold one thing: ${why}`, at === undefined ? undefined : String(at));
}
