import type { Pool } from 'pg';

/** Leaf indices, `from` up to, not including, `to`. */
export type IndexRange = readonly [from: number, to: number];

/** A stretch of a log that was brought back from a copy. */
export interface Recovery {
  from: number;
  to: number;
  /** How many of its entries came with their payload. */
  payloads: number;
  /** Predictions among those of which nobody could tell what exactly was posted. */
  unconfirmed: number;
  /** Whose payloads no receipt brought back, ascending and apart. */
  lost: readonly IndexRange[];
  /** The entry that says so; null for as long as the log has not gone on. */
  by: number | null;
}

const COLUMNS = `from_index as "from", to_index as "to", payloads, unconfirmed, by_index as by,
  (select coalesce(json_agg(json_build_array(lower(r), upper(r)) order by r), '[]') from unnest(lost) as r) as lost`;

/** A log's recoveries in order, or those alone that no entry has declared yet. */
export async function readRecoveries(client: Pick<Pool, 'query'>, log: number, which: 'all' | 'undeclared' = 'all'): Promise<Recovery[]> {
  const { rows } = await client.query<Recovery>(`select ${COLUMNS} from recovery where log = $1 and ($2 or by_index is null) order by from_index`, [log, which === 'all']);
  return rows;
}

/** Whether an entry's payload was lost with a tail, and by which entry that is declared: null where none says so yet. */
export async function lossOf(client: Pick<Pool, 'query'>, log: number, index: number): Promise<{ by: number | null } | undefined> {
  const { rows } = await client.query<{ by: number | null }>(
    'select by_index as by from recovery where log = $1 and from_index <= $2 and $2 < to_index and lost @> $2::bigint order by by_index limit 1',
    [log, index],
  );
  return rows[0];
}

/** Precondition: a transaction of the tables' owner. */
export async function insertRecovery(client: Pick<Pool, 'query'>, log: number, { from, to, payloads, unconfirmed, lost }: Omit<Recovery, 'by'>): Promise<void> {
  await client.query('insert into recovery (log, from_index, to_index, payloads, unconfirmed, lost) values ($1, $2, $3, $4, $5, $6::int8multirange)', [
    log, from, to, payloads, unconfirmed, `{${lost.map(([first, past]) => `[${first},${past})`).join(',')}}`,
  ]);
}
