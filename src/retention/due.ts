import type { Pool, PoolClient } from 'pg';
import type { Contract } from '../contracts/contract.ts';
import type { Contracts } from '../contracts/contracts.ts';
import type { Log } from '../ledger/log.ts';
import { periodBefore } from './schedule.ts';

/** When what a contract governs is to go. */
export interface Schedule {
  contract: Contract;
  /** Entry time, ms since 1970: what came in at or before it is due. */
  before: number;
  models: readonly string[];
  /** Of a tenant's default contract: it governs every model but these. */
  others: readonly string[] | undefined;
}

/** The schedules of a tenant: one for each contract that is in force. */
export function schedulesOf(contracts: Contracts, tenant: string, now: number): Schedule[] {
  const newest = new Map(contracts.all.map((contract) => [contract.file.contract, contract]));
  const named = [...newest.values()].flatMap(({ file }) => file.models);
  // No model has this name: what governs it governs all that no contract names.
  const fallback = contracts.of('\u0000', tenant);
  return [...newest.values()].map((contract) => ({
    contract,
    before: periodBefore(contract.file.retention.period, now),
    models: contract.file.models,
    others: contract === fallback ? named : undefined,
  }));
}

const ROWS = `
from payload p
join governed r on r.log = p.log and r.index = p.index
left join data_key k on k.log = p.log and k.id = p.key
left join lateral (
  select h.id from legal_hold h
   where h.log = any($6::int[]) and h.released is null
     and (h.subjects = '[]' or exists (
       select from jsonb_to_recordset(h.subjects) as s(log int, subject text) where s.log = p.log and s.subject = 'sub_' || encode(k.subject, 'hex')))
     and (h.models is null or r.model = any(h.models)) and (h.from_time is null or r.time >= h.from_time) and (h.to_time is null or r.time < h.to_time)
   limit 1
) held on true
where p.log = $1 and r.time <= $2 and (r.model = any($3::text[]) or ($4 and r.model <> all($5::text[])))`;

function values(log: Log, of: Log, { before, models, others }: Schedule): unknown[] {
  return [of.row.id, before, models, others !== undefined, others ?? [], log.succession.map(({ row }) => row.id)];
}

/** How many payloads of a log are due, and how many a legal hold keeps all the same. */
export async function countDue(pool: Pool, log: Log, of: Log, schedule: Schedule): Promise<{ due: number; held: number }> {
  const { rows } = await pool.query<{ due: number; held: number }>(
    `select count(*) filter (where held.id is null) as due, count(*) filter (where held.id is not null) as held ${ROWS}`,
    values(log, of, schedule),
  );
  return rows[0] ?? { due: 0, held: 0 };
}

/** Keys of the payloads that are due first. */
export async function dueKeys(pool: Pool, log: Log, of: Log, schedule: Schedule, limit: number): Promise<number[]> {
  const { rows } = await pool.query<{ key: number }>(`select distinct key from (select p.key ${ROWS} and held.id is null order by p.index limit $7) as first`, [...values(log, of, schedule), limit]);
  return rows.map(({ key }) => key);
}

/** What goes and what stays of these keys, in ascending order. */
export async function partKeys(client: PoolClient, log: Log, of: Log, schedule: Schedule, keys: readonly number[]): Promise<{ due: number[]; staying: number[] }> {
  const { rows } = await client.query<{ index: number; due: boolean }>(
    `with due as (select p.index ${ROWS} and held.id is null and p.key = any($7::bigint[]))
     select index, index in (select index from due) as due from payload where log = $1 and key = any($7::bigint[]) order by index`,
    [...values(log, of, schedule), keys],
  );
  return { due: rows.flatMap(({ index, due }) => (due ? index : [])), staying: rows.flatMap(({ index, due }) => (due ? [] : index)) };
}
