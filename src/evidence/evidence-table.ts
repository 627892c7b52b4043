import type { Pool, PoolClient } from 'pg';
import type { Progress, Stage } from './order.ts';

export type EvidenceState = 'waiting' | 'running' | 'made' | 'failed' | 'cancelled' | 'expired';

/** A row of `evidence_job`: a bundle that was asked for. */
export interface EvidenceRow {
  log: number;
  id: string;
  number: number;
  framework: string;
  from_time: number;
  to_time: number;
  nonce: string;
  receipts: boolean;
  principal: string;
  role: string;
  rule: string;
  request_index: number;
  requested: Date;
  size: number | null;
  state: EvidenceState;
  stage: Stage;
  entries: number;
  rows: number;
  bytes: number;
  attempts: number;
  holder: string | null;
  job: string | null;
  ended: Date | null;
  ended_index: number | null;
  digest: string | null;
  length: number | null;
  expires: Date | null;
  opened: number[];
}

/** What a job is at work on does not stand any more: it was cancelled, or another replica has taken it over. */
export class NoLongerOursError extends Error {
  override readonly name = 'NoLongerOursError';
}

type Queryable = Pick<Pool | PoolClient, 'query'>;

export async function readJob(pool: Queryable, log: number, id: string): Promise<EvidenceRow | undefined> {
  return (await pool.query<EvidenceRow>('select * from evidence_job where log = $1 and id = $2', [log, id])).rows[0];
}

/** Newest first. @param before `number` of the last one of the page before */
export async function listJobs(pool: Queryable, log: number, page: { before: number | undefined; limit: number }): Promise<EvidenceRow[]> {
  const { rows } = await pool.query<EvidenceRow>('select * from evidence_job where log = $1 and ($2::bigint is null or number < $2) order by number desc limit $3', [log, page.before ?? null, page.limit]);
  return rows;
}

/** Takes a job that waits, or that was left; undefined when it has ended. */
export async function takeJob(pool: Queryable, log: number, id: string, holder: string): Promise<EvidenceRow | undefined> {
  const { rows } = await pool.query<EvidenceRow>(
    `update evidence_job set state = 'running', holder = $3, attempts = attempts + 1 where log = $1 and id = $2 and state in ('waiting', 'running') returning *`,
    [log, id, holder],
  );
  return rows[0];
}

/** Fixes the range, once. */
export async function fixSize(pool: Queryable, { log, id }: EvidenceRow, size: number): Promise<void> {
  await pool.query('update evidence_job set size = $3 where log = $1 and id = $2 and size is null', [log, id, size]);
}

/** Says how far it is. @throws NoLongerOursError */
export async function tellProgress(pool: Queryable, { log, id, attempts }: EvidenceRow, { stage, entries, rows, bytes }: Progress): Promise<void> {
  const { rowCount } = await pool.query(
    `update evidence_job set stage = $4, entries = $5, rows = $6, bytes = $7 where log = $1 and id = $2 and state = 'running' and attempts = $3`,
    [log, id, attempts, stage, entries, rows, bytes],
  );
  if (rowCount === 0) throw new NoLongerOursError(`${id} was cancelled or taken over`);
}

/** Of a job's try that failed: how many went before it without getting further is what `attempts` says. */
export async function setQueued(pool: Queryable, { log, id }: Pick<EvidenceRow, 'log' | 'id'>, job: string): Promise<void> {
  await pool.query('update evidence_job set job = $3 where log = $1 and id = $2', [log, id, job]);
}

/** Jobs that have not ended, of every log. */
export async function unfinishedJobs(pool: Queryable): Promise<EvidenceRow[]> {
  return (await pool.query<EvidenceRow>(`select * from evidence_job where state in ('waiting', 'running') order by log, number`)).rows;
}

/** Bundles of a log whose time is over. */
export async function expiredJobs(pool: Queryable, log: number): Promise<EvidenceRow[]> {
  return (await pool.query<EvidenceRow>(`select * from evidence_job where log = $1 and state = 'made' and expires <= clock_timestamp() order by number`, [log])).rows;
}

/** When the last bundle that holds payloads of these logs is gone: an erasure reaches what is in it no earlier. */
export async function lastPayloadExpiry(client: Queryable, logs: readonly number[]): Promise<Date | undefined> {
  const { rows } = await client.query<{ last: Date | null }>(`select max(expires) as last from evidence_job where log = any($1::int[]) and state = 'made' and opened <> '{}'`, [logs]);
  return rows[0]?.last ?? undefined;
}
