import type { Pool } from 'pg';

/** An epoch of a log's keys, as it is shown. */
export interface ListedEpoch {
  number: number;
  /** Name of its key at the key provider. */
  kek: string;
  state: 'open' | 'ending' | 'ended';
  started: Date;
  closed: Date | null;
  ended: Date | null;
  /** Index of the entry that says that it has ended, in the log `endedIn`. */
  endedIndex: number | null;
  endedIn: string | null;
  /** Data keys that moved on to the next epoch. */
  rewrapped: number;
}

/** A log's epochs of keys, newest first. */
export async function listEpochs(pool: Pool, log: number, { before, limit }: { before: number | undefined; limit: number }): Promise<ListedEpoch[]> {
  const { rows } = await pool.query<ListedEpoch>(
    `select e.number, e.kek, case when e.ended is not null then 'ended' when e.closed is not null then 'ending' else 'open' end as state,
            e.started, e.closed, e.ended, e.ended_index as "endedIndex", l.origin as "endedIn", e.rewrapped
     from key_epoch e left join log l on l.id = e.ended_log
     where e.log = $1 and ($2::int is null or e.number < $2) order by e.number desc limit $3`,
    [log, before ?? null, limit],
  );
  return rows;
}

/**
 * From when on what was erased in an epoch cannot be brought back, by anybody, from anything: the time of the entry that says
 * that the epoch has ended, RFC 3339. Undefined while it has not; so it is for keys from before there were epochs (null),
 * which may share their key with others' for longer.
 */
export async function irrecoverableSince(pool: Pool, log: number, epoch: number | null): Promise<string | undefined> {
  const { rows } = await pool.query<{ time: string }>(
    `select convert_from(entry.bytes, 'UTF8')::jsonb ->> 'time' as time
     from key_epoch e join entry on entry.log = e.ended_log and entry.index = e.ended_index where e.log = $1 and e.number = $2`,
    [log, epoch],
  );
  return rows[0]?.time;
}
