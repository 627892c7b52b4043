import type { Caller } from '../access/caller.ts';
import type { Bind } from '../access/condition-sql.ts';
import { Problem } from '../http/problem.ts';
import type { Log } from '../ledger/log.ts';
import { exceptionWords } from '../predictions/exception-words.ts';
import { predictionColumns } from '../predictions/prediction-table.ts';
import { touchedBy, type AffectedForm, type Touched } from './cause.ts';

/** A prediction that a cause touched, as lists show it. */
export interface AffectedPrediction {
  log: string;
  index: number;
  id: string;
  time: string;
  model: string;
  version: string;
  deployment?: string;
  exceptions?: string[];
  erased?: boolean;
  /** The data subject's opaque id; absent where there is none (any more). */
  subject?: string;
}

export interface AffectedPage {
  items: AffectedPrediction[];
  /** Of the following page; absent at the end. */
  next?: string;
}

export interface AffectedCount {
  /** Predictions that the caller may see. */
  predictions: number;
  /** Data subjects, where that was asked for. */
  subjects?: number;
  /** The cause touched more than one question goes down to: ask for the descendants of its descendants. */
  incomplete?: true;
}

interface Row {
  index: number;
  id: string;
  time: number;
  model: string;
  version: string;
  deployment: string | null;
  exceptions: number | null;
  erased: boolean;
  subject: Buffer | null;
}

const SCAN_INDICES = 50_000;
const DEFAULT_LIMIT = 100;

/** What one cause touched: in the caller's log and those that it succeeds, oldest first. */
export class Affected {
  private readonly caller: Caller;
  private readonly form: AffectedForm;

  /** @throws Problem `forbidden` where data subjects are asked for by who may not know them */
  constructor(caller: Caller, form: AffectedForm) {
    if (form.subjects === true && !caller.judgeAbout('read', 'subject', {}).allowed) throw new Problem('forbidden', `No rule lets the role ${caller.role} read a subject: ask without subjects.`);
    this.caller = caller;
    this.form = form;
  }

  /** A page, from a cursor on. A page may hold fewer than asked for, or none, and go on. */
  async page(cursor = this.form.cursor): Promise<AffectedPage> {
    const [startLog = 0, startIndex = 0] = (cursor ?? '').split('.').map(Number);
    const logs = this.caller.log.succession.filter(({ row }) => row.id >= startLog).toReversed();
    for (const log of logs) {
      const page = await this.pageOf(log, log.row.id === startLog ? startIndex : 0);
      const isLast = log === logs.at(-1);
      if (page.next !== undefined || isLast) return page;
      if (page.items.length > 0) return { ...page, next: `${log.row.id + 1}.0` };
    }
    return { items: [] };
  }

  private async pageOf(log: Log, start: number): Promise<AffectedPage> {
    const limit = this.form.limit ?? DEFAULT_LIMIT;
    const touched = await touchedBy(this.form, log, this.caller.log);
    if (touched === undefined) return { items: [] };
    const { low, high } = await this.bounds(log);
    const from = Math.max(low, start);
    const to = touched.indexed ? high : Math.min(high, from + SCAN_INDICES);
    const rows = from >= to ? [] : await this.read(log, touched, { from, to }, limit + 1);
    const more = rows[limit]?.index ?? (to < high ? to : undefined);
    return { items: rows.slice(0, limit).map((row) => shown(log, row)), ...(more !== undefined && { next: `${log.row.id}.${more}` }) };
  }

  async count(): Promise<AffectedCount> {
    const counted: AffectedCount = { predictions: 0, ...(this.form.subjects === true && { subjects: 0 }) };
    for (const log of this.caller.log.succession) {
      const touched = await touchedBy(this.form, log, this.caller.log);
      if (touched === undefined) continue;
      if (touched.incomplete === true) counted.incomplete = true;
      const { low, high } = await this.bounds(log);
      const { text, values } = this.compile(log, touched, { from: low, to: high }, undefined);
      const { rows: [row] } = await log.pool.query<{ predictions: number; subjects: number }>(`select count(*) as predictions, count(distinct subject) as subjects from (${text}) as touched`, values);
      counted.predictions += row?.predictions ?? 0;
      if (counted.subjects !== undefined) counted.subjects += row?.subjects ?? 0;
    }
    return counted;
  }

  private async read(log: Log, touched: Touched, range: { from: number; to: number }, limit: number): Promise<Row[]> {
    const { text, values } = this.compile(log, touched, range, limit);
    return (await log.pool.query<Row>(text, values)).rows;
  }

  private compile({ row: { id } }: Log, touched: Touched, { from, to }: { from: number; to: number }, limit: number | undefined): { text: string; values: unknown[] } {
    const values: unknown[] = [];
    const bind: Bind = (value) => `$${values.push(value)}`;
    const rules = this.caller.rows(predictionColumns(this.caller.classes))(bind);
    const log = bind(id);
    const within = `log = ${log} and index >= ${bind(from)} and index < ${bind(to)}`;
    // Where rules let only some through, what the index finds may not be cut off before they are asked.
    const ordered = limit === undefined ? '' : `order by index${rules === 'TRUE' ? ` limit ${bind(limit)}` : ''}`;
    const cut = limit === undefined ? '' : ` order by index limit ${bind(limit)}`;
    const found = `select * from (${touched.sql(bind, within, ordered)}) as found where ${rules}${cut}`;
    const subject = this.form.subjects === true ? `(select k.subject from payload q join data_key k on k.log = q.log and k.id = q.key where q.log = ${log} and q.index = p.index)` : 'null::bytea';
    return {
      text: `select p.index, p.id, p.time, p.model, p.version, p.deployment, p.exceptions, exists (select from erased e where e.log = ${log} and e.index = p.index) as erased, ${subject} as subject
        from (${found}) as p${limit === undefined ? '' : ' order by p.index'}`,
      values,
    };
  }

  /** Entry time never goes backwards, so a window of time is a range of indices. */
  private async bounds({ pool, row: { id } }: Log): Promise<{ low: number; high: number }> {
    const { from, to } = this.form;
    const { rows: [row] } = await pool.query<{ low: number; high: number }>(
      `select case when $2::bigint is null then 0 else first_prediction_at($1, $2) end as low, case when $3::bigint is null then (select size from log_head where log = $1) else first_prediction_at($1, $3) end as high`,
      [id, from === undefined ? null : Date.parse(from), to === undefined ? null : Date.parse(to)],
    );
    return row ?? { low: 0, high: 0 };
  }
}

function shown({ row: { origin } }: Log, { index, id, time, model, version, deployment, exceptions, erased, subject }: Row): AffectedPrediction {
  return {
    log: origin, index, id, time: new Date(time).toISOString(), model, version, ...(deployment !== null && { deployment }), ...(exceptions !== null && { exceptions: exceptionWords(exceptions) }),
    ...(erased && { erased }), ...(subject !== null && { subject: `sub_${subject.toString('hex')}` }),
  };
}
