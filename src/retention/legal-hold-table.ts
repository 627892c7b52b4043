import type { Pool } from 'pg';
import type { SubjectTarget } from './subject-targets.ts';

/** What nothing of may go until it is released. */
export interface LegalHoldRow {
  id: string;
  number: number;
  subjects: SubjectTarget[];
  models: string[] | null;
  /** Entry time, ms since 1970: from, and before. */
  from: number | null;
  to: number | null;
  reason: string;
  citation: string | null;
  placedBy: string;
  placed: Date;
  placedIndex: number;
  released: Date | null;
  releasedIndex: number | null;
}

const COLUMNS = `id, number, subjects, models, from_time as "from", to_time as "to", reason, citation, placed_by as "placedBy", placed,
  placed_index as "placedIndex", released, released_index as "releasedIndex"`;

/** Written with the entry that places it: $1 the log, $2 the entry's index. */
export const INSERT_HOLD = `
insert into legal_hold (log, id, placed_by, placed_index, subjects, models, from_time, to_time, reason, citation)
values ($1, $3, $4, $2, $5, $6, $7, $8, $9, $10)`;

/** @param logs the log and those that it succeeds: a hold outlives the log that it was placed in */
export async function readHold(pool: Pool, logs: readonly number[], id: string): Promise<LegalHoldRow | undefined> {
  const { rows } = await pool.query<LegalHoldRow>(`select ${COLUMNS} from legal_hold where log = any($1::int[]) and id = $2`, [logs, id]);
  return rows[0];
}

/** A page, newest first. @param behind the id of the last one of the page before */
export async function listHolds(pool: Pool, logs: readonly number[], behind: string | undefined, limit: number): Promise<LegalHoldRow[]> {
  const { rows } = await pool.query<LegalHoldRow>(
    `select ${COLUMNS} from legal_hold where log = any($1::int[]) and ($2::text is null or number < (select number from legal_hold where log = any($1::int[]) and id = $2)) order by number desc limit $3`,
    [logs, behind ?? null, limit],
  );
  return rows;
}
