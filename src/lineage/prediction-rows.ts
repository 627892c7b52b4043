import { sqlText } from '../access/condition-sql.ts';
import type { RowRules } from '../access/row-rules.ts';
import type { Log } from '../ledger/log.ts';

/** What the read model says of a prediction: nothing of it is a field of the payload but what lists show, and its links. */
export interface PredictionRow {
  /** The log's number. */
  log: number;
  index: number;
  id: string;
  /** Entry time, ms since 1970. */
  time: number;
  model: string;
  version: string;
  deployment: string | null;
  principal: string | null;
  exceptions: number | null;
  request: string | null;
  parents: string[] | null;
  features: string[] | null;
  /** By which entry its payload was erased; null where it was not, or no entry says it yet. */
  erasedLog: number | null;
  erasedIndex: number | null;
  erased: boolean;
}

const COLUMNS = `p.log, p.index, p.id, p.time, p.model, p.version, p.deployment, p.principal, p.exceptions, p.request, p.parents, p.features,
  e.by_log as "erasedLog", e.by_index as "erasedIndex", e.index is not null as erased`;
const FROM = `from prediction p left join erased e on e.log = p.log and e.index = p.index`;

/** A prediction's row, whoever asks. Precondition: it is there. */
export async function rowAt(log: Log, index: number): Promise<PredictionRow> {
  const { rows: [row] } = await log.pool.query<PredictionRow>({ name: 'lineage-row', text: `select ${COLUMNS} ${FROM} where p.log = $1 and p.index = $2`, values: [log.row.id, index] });
  if (row === undefined) throw new Error('the read model lacks a prediction');
  return row;
}

/** Predictions by id that the caller may see, in a log and those that it succeeds. */
export async function rowsById(log: Log, ids: readonly string[], seen: RowRules): Promise<PredictionRow[]> {
  return read(log, 'p.log = any($1::int[]) and p.id = any($2::text[])', [log.succession.map(({ row }) => row.id), ids], seen);
}

/** Predictions by index in one log that the caller may see, in order. */
export async function rowsAt(log: Log, indices: readonly number[], seen: RowRules): Promise<PredictionRow[]> {
  return indices.length === 0 ? [] : read(log, 'p.log = $1 and p.index = any($2::bigint[])', [log.row.id, indices], seen);
}

/** Other predictions of the same request that the caller may see, so many of them at most. */
export async function rowsOfRequest(log: Log, request: string, seen: RowRules, limit: number): Promise<PredictionRow[]> {
  return read(log, `p.log = $1 and p.request = $2 and p.index in (select index from prediction where log = $1 and request = $2 order by index limit ${limit})`, [log.row.id, request], seen);
}

/** Indices of a log's predictions that name a parent, from behind an index on. */
export async function childrenOf(log: Log, parent: string, after: number, limit: number): Promise<number[]> {
  const { rows } = await log.pool.query<{ index: number }>({ name: 'children-of', text: 'select * from children_of($1, $2, $3, $4) as index', values: [log.row.id, parent, after, limit] });
  return rows.map(({ index }) => index);
}

async function read(log: Log, where: string, values: unknown[], seen: RowRules): Promise<PredictionRow[]> {
  // Rules name columns of the read model alone.
  const rules = sqlText(seen, values.length);
  const visible = rules.text === 'TRUE' ? '' : ` and exists (select from (select p.*) as mine where ${rules.text})`;
  const { rows } = await log.pool.query<PredictionRow>(`select ${COLUMNS} ${FROM} where ${where}${visible} order by p.log, p.index`, [...values, ...rules.values]);
  return rows;
}
