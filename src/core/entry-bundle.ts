import { CoreError } from './core-error.ts';
import { TILE_WIDTH } from './tile.ts';

const MAX_ENTRY_BYTES = 0xffff;

/**
 * Entry bundle of c2sp.org/tlog-tiles: each of the 1 … 256 entries after its length as a big-endian uint16.
 *
 * @throws CoreError `entry-too-large` above 65,535 bytes, `bundle-malformed` for no entry or more than 256
 */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  checkCount(entries.length);
  const bytes = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  let at = 0;
  for (const [i, entry] of entries.entries()) {
    if (entry.length > MAX_ENTRY_BYTES) {
      throw new CoreError('entry-too-large', `entry ${i} of the bundle has ${entry.length} bytes`, String(i));
    }
    bytes[at] = entry.length >> 8;
    bytes[at + 1] = entry.length & 0xff;
    bytes.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bytes;
}

/**
 * The entries of a bundle, as views of `bytes`.
 *
 * @throws CoreError `bundle-malformed`, `at` the byte offset
 */
export function decodeEntryBundle(bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const high = bytes[at];
    const low = bytes[at + 1];
    if (high === undefined || low === undefined) throw truncated(at);
    const end = at + 2 + high * 256 + low;
    if (end > bytes.length) throw truncated(at);
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  checkCount(entries.length);
  return entries;
}

function checkCount(count: number): void {
  if (count < 1 || count > TILE_WIDTH) {
    throw new CoreError('bundle-malformed', `a bundle holds 1 to ${TILE_WIDTH} entries, not ${count}`);
  }
}

function truncated(at: number): CoreError {
  return new CoreError('bundle-malformed', `the bundle ends within the entry at byte ${at}`, String(at));
}
