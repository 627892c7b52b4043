import { createHash } from 'node:crypto';
import { expect } from '@jest/globals';
import type { Pool } from 'pg';
import { concat, toHex } from '../../src/core/bytes.ts';
import { parseEntry } from '../../src/core/entry.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { LogVerifier } from '../../src/core/verify-log.ts';
import type { HeadRow } from '../../src/ledger/head.ts';

/**
 * Verifies a whole log as it stands in the database, after each step of a test: chain and tree by core, tiles by the
 * definition, the head, and that each entry has its payload. Fails at the first thing that is wrong.
 *
 * @returns the entries in order
 */
export async function checkLog(pool: Pool, { id, origin }: { id: number; origin: string }): Promise<Uint8Array[]> {
  const [head, entries] = await readLog(pool, id);
  const verifier = new LogVerifier({ origin });
  for (const entry of entries) verifier.add(entry);
  const { size, prev, hashes, time } = verifier.position();
  expect({ size: head.size, head: toHex(head.head), frontier: toHex(head.frontier) }).toEqual({
    size, head: toHex(prev), frontier: toHex(concat(...hashes)),
  });
  const last = entries.at(-1);
  if (last !== undefined) {
    expect(new Date(head.time).toISOString()).toBe(time);
    expect(head.policy?.toString('hex')).toBe(parseEntry(last).policy);
  }
  expect(await storedTiles(pool, id)).toEqual(tilesOf(entries));
  return entries;
}

async function readLog(pool: Pool, id: number): Promise<[HeadRow, Uint8Array[]]> {
  const client = await pool.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const heads = await client.query<HeadRow>('select * from log_head where log = $1', [id]);
    // No join: without statistics, as after a bulk append, PostgreSQL may choose a plan of quadratic cost.
    const { rows } = await client.query<{ index: number; bytes: Buffer }>('select index, bytes from entry where log = $1 order by index', [id]);
    const payloads = await client.query<{ index: number }>('select index from payload where log = $1 order by index', [id]);
    await client.query('commit');
    const indices = rows.map((_, i) => i);
    expect(rows.map(({ index }) => index)).toEqual(indices);
    expect(payloads.rows.map(({ index }) => index)).toEqual(indices);
    return [heads.rows[0] as HeadRow, rows.map(({ bytes }) => bytes)];
  } finally {
    client.release();
  }
}

/** `level/index` → SHA-256 of root and hashes, so that a difference prints in a line. */
type Tiles = Record<string, string>;

const fingerprint = (root: Uint8Array, hashes: Uint8Array): string => createHash('sha256').update(root).update(hashes).digest('hex');

async function storedTiles(pool: Pool, id: number): Promise<Tiles> {
  const { rows } = await pool.query<{ level: number; index: number; root: Buffer; hashes: Buffer }>('select level, index, root, hashes from tile where log = $1', [id]);
  return Object.fromEntries(rows.map(({ level, index, root, hashes }) => [`${level}/${index}`, fingerprint(root, hashes)]));
}

function tilesOf(entries: readonly Uint8Array[]): Tiles {
  const tiles: Tiles = {};
  let hashes = entries.map(leafHash);
  for (let level = 0; hashes.length >= 256; level++) {
    const roots: Uint8Array[] = [];
    for (let from = 0; from + 256 <= hashes.length; from += 256) {
      const tile = hashes.slice(from, from + 256);
      const root = rootOf(tile);
      tiles[`${level}/${from / 256}`] = fingerprint(root, concat(...tile));
      roots.push(root);
    }
    hashes = roots;
  }
  return tiles;
}

/** Root over a power of two of hashes, as RFC 6962 has it. */
function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 1) return hashes[0] as Uint8Array;
  const half = hashes.length / 2;
  const [left, right] = [rootOf(hashes.slice(0, half)), rootOf(hashes.slice(half))];
  return createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest();
}
