import type { PoolClient } from 'pg';
import type { LogVault } from './log-vault.ts';
import { reseal } from './reseal.ts';

/** Data keys that go, with all that is sealed under them but what stays. */
export interface KeysToErase {
  /** The log's number, and its keys. */
  log: number;
  vault: LogVault;
  keys: readonly number[];
  /** Indices of payloads under these keys that stay: they are sealed anew. In ascending order. */
  staying: readonly number[];
  /** Those of `keys` that get another in their place whatever stays. */
  renewed?: readonly number[];
  /** The entry that will say so, of this log or of one that succeeds it; written by the same transaction. */
  by: { log: number; index: number };
}

/**
 * Erases keys with their payloads and tokens, and the search columns of what they sealed. From the commit on, whoever holds
 * one of them in memory drops it, and what was drafted under it is drafted anew.
 *
 * @param client within a transaction that has the head of `by.log` locked
 * @returns indices of the payloads that are gone, in ascending order, and the log's new vault version
 */
export async function eraseKeys(client: PoolClient, { log, vault, keys, staying, renewed, by }: KeysToErase): Promise<{ indices: number[]; vault: number }> {
  // The log's head is locked from here on: nothing comes in under these keys meanwhile.
  const { rows: versions } = await client.query<{ vault: number }>('select advance_vault($1) as vault', [log]);
  const resealed = await reseal(client, vault, log, staying, renewed);
  const { rows } = await client.query<{ index: number }>('select erase_keys($1, $2, $3, $4) as index', [log, by.log, by.index, keys]);
  await resealed.keep();
  return { indices: rows.map(({ index }) => index), vault: versions[0]?.vault ?? 0 };
}
