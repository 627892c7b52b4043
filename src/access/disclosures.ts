import type { Pool } from 'pg';
import type { EntryDraft } from '../ledger/entry-draft.ts';

/** Where a prediction stands, by the number of its log. */
export interface DisclosedPlace {
  log: number;
  index: number;
}

/** An entry that says that somebody saw a prediction. */
export interface Disclosure extends DisclosedPlace {
  byLog: number;
  byIndex: number;
  /** How many there are of the prediction in all. */
  total: number;
}

const INSERT = `
insert into disclosure (log, index, by_log, by_index)
select log, index, $1::int, $2::bigint from unnest($3::int[], $4::bigint[]) as n(log, index) on conflict do nothing`;

/** What an entry writes beside itself when it says that these were seen. */
export function disclosing(places: readonly DisclosedPlace[]): Pick<EntryDraft, 'also'> {
  if (places.length === 0) return {};
  return { also: { text: INSERT, values: [places.map(({ log }) => log), places.map(({ index }) => index)] } };
}

const LAST = `
select log, index, by_log as "byLog", by_index as "byIndex", total from (
  select d.*, count(*) over w as total, row_number() over (w order by by_log desc, by_index desc) as place from disclosure d
   where (log, index) in (select * from unnest($1::int[], $2::bigint[])) window w as (partition by log, index)
) as d where place <= $3 order by log, index, by_log desc, by_index desc`;

/** The last entries that say who saw predictions, so many of each. */
export async function lastDisclosures(pool: Pool, places: readonly DisclosedPlace[], each: number): Promise<Disclosure[]> {
  const { rows } = await pool.query<Disclosure>(LAST, [places.map(({ log }) => log), places.map(({ index }) => index), each]);
  return rows;
}
