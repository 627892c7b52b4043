import type { Bind } from '../access/condition-sql.ts';
import type { RowRules } from '../access/row-rules.ts';
import type { FilterName, PredictionFilter, Source } from './combinations.ts';

/** Indices at or after, and before. */
export interface Range {
  from: number;
  to: number;
}

export interface Search {
  log: number;
  source: Source;
  filter: PredictionFilter;
  /** Of source `model` its versions, of source `subject` its keys: each is gone through by its own part of the index. */
  strands: readonly (string | number)[];
  order: 'asc' | 'desc';
  range: Range;
  limit: number;
  /** So many rows that the index finds are looked through; undefined: all. */
  scan: number | undefined;
  /** Asks for the first row beyond those instead. */
  edge?: boolean;
  seen: RowRules;
}

const COLUMNS = 'id, index, time, model, version, deployment, exceptions';

/** What each source finds by its index: nothing of it is asked again. */
const FOUND: Record<Source, readonly FilterName[]> = {
  window: [], model: ['model'], version: ['model', 'version'], decision: ['model', 'outcome'], deployment: ['deployment'], exceptions: [], subject: ['subject'],
};

/**
 * The query for one page. What the index finds comes in its order and no faster than it is asked for, so a page costs what
 * it shows, and at most `scan` rows where filters or rules let few of them through.
 */
export function searchSql({ log, source, filter, strands, order, range, limit, scan, edge = false, seen }: Search): { text: string; values: unknown[]; filtered: boolean } {
  const values: unknown[] = [];
  const bind: Bind = (value) => `$${values.push(value)}`;
  // Beyond what was looked through it does not matter what filters and rules say.
  const filtered = edge ? [] : [...residual(filter, FOUND[source], bind), seen(bind)].filter((test) => test !== 'TRUE');
  const within = `log = ${bind(log)} and index >= ${bind(range.from)} and index < ${bind(range.to)}`;
  // Where everything that the index finds is shown, a page need look no further than its own rows.
  const depth = filtered.length === 0 && !edge ? limit : scan === undefined ? undefined : edge ? scan + 1 : scan;
  const bound = depth === undefined ? '' : ` limit ${bind(depth)}`;
  const found = sourceSql(source, filter, strands, within, { order, bound }, bind);
  if (edge) return { text: `select index from (${found}) as p order by index ${order} offset ${bind(scan ?? 0)} limit ${bind(limit)}`, values, filtered: true };
  const where = filtered.length === 0 ? '' : ` where ${filtered.join(' and ')}`;
  return { text: `select ${COLUMNS} from (${found}) as p${where} order by index ${order} limit ${bind(limit)}`, values, filtered: filtered.length > 0 };
}

function sourceSql(source: Source, filter: PredictionFilter, strands: readonly (string | number)[], within: string, { order, bound }: { order: 'asc' | 'desc'; bound: string }, bind: Bind): string {
  const ordered = `order by index ${order}${bound}`;
  switch (source) {
    case 'window':
      return `select * from prediction where ${within} ${ordered}`;
    case 'version':
      return `select * from prediction where ${within} and model = ${bind(filter.model)} and version = ${bind(filter.version)} ${ordered}`;
    case 'decision':
      return `select * from prediction where ${within} and model = ${bind(filter.model)} and outcome = ${bind(filter.outcome)} ${ordered}`;
    case 'deployment':
      return `select * from prediction where ${within} and deployment = ${bind(filter.deployment)} and deployment <> 'live' ${ordered}`;
    case 'exceptions':
      return `select * from prediction where ${within} and exceptions is not null ${ordered}`;
    case 'model':
      return `select found.* from unnest(${bind(strands)}::text[]) as strand cross join lateral (
          select * from prediction where ${within} and model = ${bind(filter.model)} and version = strand ${ordered}) as found ${ordered}`;
    case 'subject':
      // Under a data subject's key stands more than predictions: what was told of them too.
      return `select found.* from unnest(${bind(strands)}::bigint[]) as strand cross join lateral (
          select p.* from (select log, index from payload where ${within} and key = strand order by index ${order}) as held
            join prediction p on p.log = held.log and p.index = held.index order by held.index ${order}${bound}) as found ${ordered}`;
  }
}

/** What the source has not settled. */
function residual(filter: PredictionFilter, found: readonly FilterName[], bind: Bind): string[] {
  const tests: string[] = [];
  for (const name of ['model', 'version', 'outcome', 'deployment', 'principal'] as const) {
    const value = filter[name];
    if (value !== undefined && !found.includes(name)) tests.push(`${name} = ${bind(value)}`);
  }
  if (filter.exceptions !== undefined) tests.push(`(exceptions & ${bind(filter.exceptions)}::int) <> 0`);
  return tests;
}
