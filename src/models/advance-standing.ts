import type { PoolClient } from 'pg';

/**
 * Says that a model version stands otherwise from the entry of this transaction on: what was drafted before is looked at again
 * before it is appended, on every replica. Precondition: the head is locked.
 *
 * @returns the vault version to append at
 */
export async function advanceStanding(client: PoolClient, log: number): Promise<number> {
  const { rows } = await client.query<{ vault: number }>('select advance_vault($1) as vault', [log]);
  const [row] = rows;
  if (row === undefined) throw new Error('the log has no head row');
  return row.vault;
}
