import type { Pool } from 'pg';
import { sqlText, type ColumnOf } from '../access/condition-sql.ts';
import type { RowRules } from '../access/row-rules.ts';
import { sourceOf, type PredictionFilter } from './combinations.ts';
import { searchSql, type Range, type Search } from './search-sql.ts';

export type { PredictionFilter } from './combinations.ts';

/**
 * Where the read model has the attributes that rules look at.
 *
 * @param classes the most guarded class of data of each contract, by `name@version`
 */
export const predictionColumns = (classes: ReadonlyMap<string, string>) => ({
  model: () => 'model',
  version: () => 'version',
  deployment: () => 'deployment',
  outcome: () => 'outcome',
  own: (bind, { id }) => `(principal = ${bind(id)}::text)`,
  time: () => 'time',
  index: () => 'index',
  purpose: () => 'purpose',
  class: (bind) => `(${bind(JSON.stringify(Object.fromEntries(classes)))}::jsonb ->> contract)`,
}) satisfies Record<string, ColumnOf>;

/** A row of a list. It carries no field of the payload beyond what names the model. */
export interface PredictionSummary {
  id: string;
  index: number;
  /** Entry time, ms since 1970. */
  time: number;
  model: string;
  version: string;
  deployment: string | null;
  /** Bits of exception-words.ts. */
  exceptions: number | null;
}

export interface PredictionPage {
  rows: PredictionSummary[];
  /** Where the next page begins; undefined at the end. A page may hold fewer rows than asked for, or none, and go on. */
  next: number | undefined;
}

/** One page looks at no more indices than this, or rows that an index finds, so that its cost has a bound whatever the filter. */
const SCAN_INDICES = 50_000;
const SCAN_ROWS = 5_000;
/** Versions of a model, or keys of a data subject, that one query goes through side by side. */
const MAX_STRANDS = 64;

type AskedPage = Omit<Search, 'scan' | 'edge'>;

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
    const range: Range = ascending ? { from: start, to: high } : { from: low, to: start + 1 };
    if (range.from >= range.to) return { rows: [], next: undefined };
    const { source } = sourceOf(filter);
    const strands = source === 'model' ? await this.versions(log, filter.model ?? '') : source === 'subject' ? await this.keys(log, filter.subject) : [];
    const asked: AskedPage = { log, source, filter, strands, order, range, limit, seen };
    return source === 'window' || strands.length > MAX_STRANDS ? this.windowPage(asked) : this.indexedPage(asked);
  }

  /** Goes through the window of time, so many indices a page. */
  private async windowPage({ range: { from, to }, limit, ...asked }: AskedPage): Promise<PredictionPage> {
    const ascending = asked.order === 'asc';
    const part = ascending ? { from, to: Math.min(to, from + SCAN_INDICES) } : { from: Math.max(from, to - SCAN_INDICES), to };
    const { text, values } = searchSql({ ...asked, source: 'window', strands: [], range: part, limit: limit + 1, scan: undefined });
    const { rows } = await this.pool.query<PredictionSummary>(text, values);
    const more = rows[limit];
    if (more !== undefined) return { rows: rows.slice(0, limit), next: more.index };
    const beyond = ascending ? part.to : part.from - 1;
    return { rows, next: (ascending ? beyond < to : beyond >= from) ? beyond : undefined };
  }

  private async indexedPage({ limit, ...asked }: AskedPage): Promise<PredictionPage> {
    const { text, values, filtered } = searchSql({ ...asked, limit: limit + 1, scan: SCAN_ROWS });
    const { rows } = await this.pool.query<PredictionSummary>(text, values);
    const more = rows[limit];
    if (more !== undefined) return { rows: rows.slice(0, limit), next: more.index };
    if (!filtered) return { rows, next: undefined };
    // Fewer than a page: either that is all, or what the index finds is to be looked through further.
    const edge = searchSql({ ...asked, limit: 1, scan: SCAN_ROWS, edge: true });
    const { rows: [last] } = await this.pool.query<{ index: number }>(edge.text, edge.values);
    return { rows, next: last?.index };
  }

  /** The versions of a model that have predictions: from one to the next by the index, without reading those between. */
  private async versions(log: number, model: string): Promise<string[]> {
    const { rows } = await this.pool.query<{ version: string }>({
      name: 'model-versions',
      text: `with recursive v(version) as (
          (select version from prediction where log = $1 and model = $2 order by version limit 1)
          union all
          select (select version from prediction where log = $1 and model = $2 and version > v.version order by version limit 1) from v where v.version is not null
        ) select version from v where version is not null limit ${MAX_STRANDS + 1}`,
      values: [log, model],
    });
    return rows.map(({ version }) => version);
  }

  /** A data subject's keys in the log. */
  private async keys(log: number, subject: Buffer | undefined): Promise<number[]> {
    const { rows } = await this.pool.query<{ id: number }>({ name: 'subject-keys', text: 'select id from data_key where log = $1 and subject = $2', values: [log, subject] });
    return rows.map(({ id }) => id);
  }

  /** The indices that the time window spans: entry time never goes backwards, so it is a range. */
  private async bounds(log: number, { from, to }: PredictionFilter): Promise<{ low: number; high: number }> {
    const { rows } = await this.pool.query<{ low: number; high: number }>({
      name: 'search-bounds',
      text: `select case when $2::bigint is null then 0 else first_prediction_at($1, $2) end as low,
              case when $3::bigint is null then (select size from log_head where log = $1) else first_prediction_at($1, $3) end as high`,
      values: [log, from ?? null, to ?? null],
    });
    return rows[0] ?? { low: 0, high: 0 };
  }
}
