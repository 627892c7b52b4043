import type { Pool } from 'pg';
import { toHex } from '../core/bytes.ts';
import { CoreError } from '../core/core-error.ts';
import { parseEntry, type Entry } from '../core/entry.ts';
import { leafHash } from '../core/merkle-tree.ts';

/**
 * Which of two entries was changed, where `index` does not name the leaf hash of the one before it: that one, if what
 * follows `index` (the next entry, or the head) still names `index` as it is; `index` itself otherwise.
 *
 * @param head the last leaf hash by the head, 32 bytes
 */
export async function changedEntry(pool: Pool, log: number, index: number, head: Uint8Array): Promise<number> {
  const { rows } = await pool.query<{ bytes: Buffer }>(
    'select bytes from entry where log = $1 and index >= $2 and index <= $2 + 1 order by index',
    [log, index],
  );
  const [entry, next] = rows.map(({ bytes }) => bytes);
  if (index === 0 || entry === undefined || parsed(entry)?.index !== index) return index;
  const named = next === undefined ? toHex(head) : parsed(next)?.prev;
  return named === toHex(leafHash(entry)) ? index - 1 : index;
}

function parsed(bytes: Uint8Array): Entry | undefined {
  try {
    return parseEntry(bytes);
  } catch (error) {
    if (error instanceof CoreError) return undefined;
    throw error;
  }
}
