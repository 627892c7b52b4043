import type pg from 'pg';

/**
 * Why a PostgreSQL cannot keep what must survive a restoration of the ledger's database; undefined when it can.
 * Both are named by CHECKPOINT_STORE.
 */
export async function unfitOutside(client: pg.ClientBase): Promise<string | undefined> {
  const { rows } = await client.query<{ durable: boolean; ledger: boolean }>(
    `select current_setting('fsync') = 'on' and current_setting('synchronous_commit') not in ('off') as durable,
            to_regclass('log_head') is not null as ledger`,
  );
  if (rows[0]?.durable !== true) return 'it runs with fsync or synchronous_commit off';
  return rows[0].ledger ? 'CHECKPOINT_STORE names a ledger’s own database, with which it would be restored: name another' : undefined;
}
