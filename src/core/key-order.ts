/** The members' keys of one kind of object, sorted, and what is written before each value. */
interface KeyOrder {
  /** As they came. */
  keys: readonly string[];
  sorted: readonly string[];
  heads: readonly string[];
}

// Objects of one kind come by the million with their keys in one order, and sorting is most of the work of writing
// them. The cache is bounded in entries and in what an entry may hold, so no input can make it grow.
const SLOTS = 512;
const MAX_CACHED_KEYS = 128;
const MAX_CACHED_KEY_LENGTH = 64;
const cache: (KeyOrder | undefined)[] = Array.from({ length: SLOTS });

/**
 * `keys` (at least one, all different) sorted by UTF-16 code units (RFC 8785, 3.2.3), each with its head: `{"a":` for
 * the first, `,"b":` for the others.
 *
 * @param write how a key becomes a JSON string; what it throws is passed on
 */
export function orderKeys(keys: readonly string[], write: (key: string) => string): KeyOrder {
  const slot = slotOf(keys);
  const known = cache[slot];
  if (known !== undefined && sameKeys(known.keys, keys)) return known;
  // Without a comparator `sort` compares UTF-16 code units, as the RFC asks.
  const sorted = [...keys].sort();
  const order = { keys, sorted, heads: sorted.map((key, i) => `${i === 0 ? '{' : ','}${write(key)}:`) };
  if (keys.length <= MAX_CACHED_KEYS && keys.every((key) => key.length <= MAX_CACHED_KEY_LENGTH)) cache[slot] = order;
  return order;
}

function slotOf(keys: readonly string[]): number {
  const first = keys[0] as string;
  const last = keys[keys.length - 1] as string;
  // `| 0` makes 0 of the NaN that an empty key gives.
  const letters = (first.charCodeAt(0) | 0) * 7 + (last.charCodeAt(0) | 0);
  return (keys.length * 61 + first.length * 31 + last.length * 17 + letters) % SLOTS;
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
