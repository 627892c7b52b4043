import type { Pool } from 'pg';
import { sqlText, type ColumnOf } from '../access/condition-sql.ts';
import type { RowRules } from '../access/row-rules.ts';

/** Where the read model has the attributes that rules look at. What it has no column for is not known to a query. */
export const PREDICTION_COLUMNS = {
  model: () => 'model',
  version: () => 'version',
  deployment: () => 'deployment',
  outcome: () => 'outcome',
  own: (bind, { id }) => `(principal = ${bind(id)}::text)`,
  time: () => 'time',
  index: () => 'index',
} as const satisfies Record<string, ColumnOf>;

/** A row of a list. It carries no field of the payload beyond what names the model. */
export interface PredictionSummary {
  id: string;
  index: number;
  /** Entry time, ms since 1970. */
  time: number;
  model: string;
  version: string;
  deployment: string | null;
}

export interface PredictionFilter {
  model?: string | undefined;
  version?: string | undefined;
  outcome?: string | undefined;
  deployment?: string | undefined;
  /** Entry time in ms since 1970: at or after, and before. */
  from?: number | undefined;
  to?: number | undefined;
}

export interface PredictionPage {
  rows: PredictionSummary[];
  /** Where the next page begins; undefined at the end. A page may hold fewer rows than asked for, or none, and go on. */
  next: number | undefined;
}

/** One page looks at no more indices than this, so that its cost has a bound whatever the filter. */
const SCAN_INDICES = 50_000;

/** The read model of predictions: lists and look-ups by id. */
export class PredictionTable {
  private readonly pool: Pool;

  constructor(pool: Pool) {
    this.pool = pool;
  }

  /** The index of a prediction by its id; undefined when the log does not have it, or has it for others. */
  async indexOf(log: number, id: string, seen: RowRules): Promise<number | undefined> {
    const rules = sqlText(seen, 2);
    const { rows } = await this.pool.query<{ index: number }>({
      // Planned once for those who may see every row.
      ...(rules.text === 'TRUE' && { name: 'prediction-index' }),
      text: `select index from prediction where log = $1 and id = $2 and ${rules.text}`,
      values: [log, id, ...rules.values],
    });
    return rows[0]?.index;
  }

  /**
   * A keyset page of the rows that a caller may see.
   *
   * @param cursor the index to go on from, itself included; undefined for the first page
   */
  async page(log: number, filter: PredictionFilter, order: 'asc' | 'desc', cursor: number | undefined, limit: number, seen: RowRules): Promise<PredictionPage> {
    const { low, high } = await this.bounds(log, filter);
    const ascending = order === 'asc';
    const start = ascending ? Math.max(low, cursor ?? low) : Math.min(high - 1, cursor ?? high - 1);
    const from = ascending ? start : Math.max(low, start - SCAN_INDICES + 1);
    const to = ascending ? Math.min(high, start + SCAN_INDICES) : start + 1;
    if (from >= to) return { rows: [], next: undefined };
    const rules = sqlText(seen, 8);
    const { rows } = await this.pool.query<PredictionSummary>(
      `select id, index, time, model, version, deployment from prediction
       where log = $1 and index >= $2 and index < $3
         and ($4::text is null or model = $4) and ($5::text is null or version = $5)
         and ($6::text is null or outcome = $6) and ($7::text is null or deployment = $7)
         and ${rules.text}
       order by index ${ascending ? 'asc' : 'desc'} limit $8`,
      [log, from, to, filter.model ?? null, filter.version ?? null, filter.outcome ?? null, filter.deployment ?? null, limit + 1, ...rules.values],
    );
    const more = rows[limit];
    if (more !== undefined) return { rows: rows.slice(0, limit), next: more.index };
    const beyond = ascending ? to : from - 1;
    return { rows, next: (ascending ? beyond < high : beyond >= low) ? beyond : undefined };
  }

  /** The indices that the time window spans: entry time never goes backwards, so it is a range. */
  private async bounds(log: number, { from, to }: PredictionFilter): Promise<{ low: number; high: number }> {
    const { rows } = await this.pool.query<{ low: number; high: number }>(
      `select case when $2::bigint is null then 0 else first_prediction_at($1, $2) end as low,
              case when $3::bigint is null then (select size from log_head where log = $1) else first_prediction_at($1, $3) end as high`,
      [log, from ?? null, to ?? null],
    );
    return rows[0] ?? { low: 0, high: 0 };
  }
}
