import { toHex, utf8 } from '../../src/core/bytes.ts';
import { encodeEntry, ZERO_HASH_HEX, type Entry } from '../../src/core/entry.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { sha256 } from '../../src/core/sha256.ts';

export const CHAIN_ORIGIN = 'ledger.example/logs/default';

/** What a test changes in the entry that it is given; the entries after it are chained to what comes out. */
export type Change = (entry: Entry) => Partial<Entry>;

/** A valid log of several types, whose clock stands still now and then and passes a midnight. */
export function chainedEntries(count: number, change: Change = () => ({})): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let prev = ZERO_HASH_HEX;
  for (let index = 0; index < count; index++) {
    const entry: Entry = {
      v: 1,
      origin: CHAIN_ORIGIN,
      index,
      time: new Date(Date.UTC(2026, 10, 22, 23, 59, 58) + Math.floor(index / 2) * 7).toISOString(),
      type: ['prediction', 'outcome', 'intake-totals', 'erasure'][index % 4] as string, // index % 4 < 4
      commitment: toHex(sha256(utf8(`commitment ${index}`))),
      policy: toHex(sha256(utf8(`policy ${index >> 7}`))),
      prev,
    };
    const bytes = encodeEntry({ ...entry, ...change(entry) });
    prev = toHex(leafHash(bytes));
    entries.push(bytes);
  }
  return entries;
}
