import type { Pool } from 'pg';
import type { Log } from '../ledger/log.ts';
import { subjectBytes, type SubjectTarget } from './subject-targets.ts';

/** A record about a data subject that is in quarantine. What it holds is shown by `GET /v1/quarantine/{id}`. */
export interface ReportedQuarantine {
  quarantine: string;
  id: string;
  model: string;
  received: string;
  expires: string;
  reasons: { code: string; count: number }[];
}

/** A legal hold that names the data subject. */
export interface ReportedHold {
  id: string;
  reason: string;
  citation: string | null;
  placed: string;
}

const MAX_ROWS = 500;

/** What of a data subject is in quarantine; the first of them, where there are very many. */
export async function quarantinedOf(pool: Pool, targets: readonly SubjectTarget[]): Promise<ReportedQuarantine[]> {
  const { rows } = await pool.query<{ quarantine: string; id: string; model: string; received: Date; expires: Date; reasons: { code: string; count: number }[] }>(
    `select q.id as quarantine, q.prediction as id, q.model, q.received, q.expires, q.reasons from data_key k join quarantine q on q.log = k.log and q.key = k.id
      where (k.log, k.subject) in (select * from unnest($1::int[], $2::bytea[])) and q.expires > clock_timestamp() order by q.number limit ${MAX_ROWS}`,
    [targets.map(({ log }) => log), targets.map(({ subject }) => subjectBytes(subject))],
  );
  return rows.map(({ received, expires, ...row }) => ({ ...row, received: received.toISOString(), expires: expires.toISOString() }));
}

/** Legal holds in force that name the data subject; those on models and times alone are nobody's. */
export async function holdsOn(pool: Pool, log: Log, targets: readonly SubjectTarget[]): Promise<ReportedHold[]> {
  const { rows } = await pool.query<{ id: string; reason: string; citation: string | null; placed: Date }>(
    `select h.id, h.reason, h.citation, h.placed from legal_hold h
      where h.log = any($1::int[]) and h.released is null and exists (
        select from jsonb_to_recordset(h.subjects) as s(log int, subject text) where (s.log, s.subject) in (select * from unnest($2::int[], $3::text[])))
      order by h.number limit ${MAX_ROWS}`,
    [log.succession.map(({ row }) => row.id), targets.map((target) => target.log), targets.map(({ subject }) => subject)],
  );
  return rows.map(({ placed, ...row }) => ({ ...row, placed: placed.toISOString() }));
}
