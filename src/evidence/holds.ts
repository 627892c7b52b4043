import type { Pool } from 'pg';
import type { Log } from '../ledger/log.ts';
import type { Hold } from './query.ts';

/** The legal holds that are in force at the end of a range of a log. */
export async function readHolds(pool: Pool, log: Log, size: number): Promise<Hold[]> {
  const { rows } = await pool.query<{ id: string; subjects: { log: number; subject: string }[]; models: string[] | null; from_time: number | null; to_time: number | null }>(
    `select id, subjects, models, from_time, to_time from legal_hold
      where log = $1 and placed_index < $2 and (released_index is null or released_index >= $2) order by number`,
    [log.row.id, size],
  );
  return rows.flatMap(({ id, subjects, models, from_time, to_time }) => {
    const here = subjects.filter((each) => each.log === log.row.id).map(({ subject }) => subject);
    // One that names data subjects of other logs alone holds nothing of this one; one that names none is on everybody.
    return subjects.length > 0 && here.length === 0 ? [] : [{ id, subjects: here, models, from: from_time, to: to_time }];
  });
}
