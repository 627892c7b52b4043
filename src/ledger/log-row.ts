import type { Pool } from 'pg';

/** A log as the database knows it. */
export interface LogRow {
  id: number;
  tenant: number;
  tenantName: string;
  name: string;
  origin: string;
  /** Whether its tiles and checkpoints are public. */
  open: boolean;
  /** The log that this one succeeds. */
  predecessor: number | undefined;
  /** Its keys by first index. */
  keys: readonly { vkey: string; firstIndex: number }[];
}

const SELECT = `
select log.id, log.tenant, tenant.name as "tenantName", log.name, log.origin, log.open, log.predecessor,
       coalesce((select json_agg(json_build_object('vkey', vkey, 'firstIndex', first_index) order by first_index, vkey)
                 from log_key where log_key.log = log.id), '[]') as keys
from log join tenant on tenant.id = log.tenant`;

/** All logs, oldest first. */
export async function readLogs(pool: Pool): Promise<LogRow[]> {
  const { rows } = await pool.query<Omit<LogRow, 'predecessor'> & { predecessor: number | null }>(`${SELECT} order by log.id`);
  return rows.map((row) => ({ ...row, predecessor: row.predecessor ?? undefined }));
}

/** What a new log's rows are made of. */
export interface NewLog {
  tenantName: string;
  name: string;
  origin: string;
  open: boolean;
  vkey: string;
  /** The number of the log that it succeeds. */
  predecessor: number | undefined;
}

/**
 * Makes the rows of a log of no entries, and of its tenant where that is new, in one transaction. Gives false, and
 * changes nothing, when a log of that name is there already (another replica was first).
 */
export async function insertLog(pool: Pool, log: NewLog): Promise<boolean> {
  const { rowCount } = await pool.query(
    `with new_tenant as (
       insert into tenant (name) values ($1) on conflict (name) do nothing returning id
     ), owner as (
       select id from new_tenant union all select id from tenant where name = $1
     ), new_log as (
       insert into log (tenant, name, origin, open, predecessor)
       select id, $2, $3, $4, $5 from owner limit 1 on conflict (name) do nothing returning id
     ), new_key as (
       insert into log_key (log, vkey, first_index) select id, $6, 0 from new_log
     )
     insert into log_head (log, size, head, frontier, time)
     select id, 0, decode(repeat('00', 32), 'hex'), ''::bytea, 0 from new_log`,
    [log.tenantName, log.name, log.origin, log.open, log.predecessor ?? null, log.vkey],
  );
  return rowCount === 1;
}
