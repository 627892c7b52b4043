import type { Pool, PoolClient } from 'pg';
import { sqlText, type ColumnOf } from '../access/condition-sql.ts';
import type { RowRules } from '../access/row-rules.ts';

export type QuarantineState = 'held' | 'released' | 'rejected' | 'expired' | 'erased';

/** A record in quarantine, or what is left of one. Nothing of it is a value that was sent. */
export interface QuarantineRow {
  /** The number of the log that it was posted to. */
  log: number;
  /** `qua_` and 24 hexadecimal digits. */
  id: string;
  number: number;
  state: QuarantineState;
  /** The prediction's id. */
  prediction: string;
  model: string;
  version: string;
  /** Who posted it, and the rule that let them. */
  principal: string;
  rule: string;
  contract: string;
  reasons: { code: string; count: number }[];
  received: Date;
  expires: Date;
  decider: string | null;
  /** The entry by which it left. */
  byLog: number | null;
  byIndex: number | null;
}

/** What is sealed of a held one, and the key. */
export interface SealedRecord {
  key: number;
  sealed: Buffer;
}

/** Where the table has the attributes that rules look at. */
export const QUARANTINE_COLUMNS = {
  model: () => 'model',
  version: () => 'version',
  own: (bind, { id }) => `(principal = ${bind(id)}::text)`,
  time: () => '(extract(epoch from received) * 1000)',
} as const satisfies Record<string, ColumnOf>;

/** A held record as it is kept. */
export interface NewQuarantine {
  log: number;
  id: string;
  prediction: string;
  model: string;
  version: string;
  principal: string;
  rule: string;
  contract: string;
  reasons: readonly { code: string; count: number }[];
  /** ISO 8601 duration. */
  period: string;
  key: number;
  epoch: number;
  wrapped: Uint8Array;
  /** The data key of its data subject. */
  subjectKey: number | undefined;
  sealed: Uint8Array;
}

// What has expired and is still to be deleted shows as what it is.
const STATE = `case when state = 'held' and expires <= clock_timestamp() then 'expired' else state end as state`;
const COLUMNS = `log, id, number, ${STATE}, prediction, model, version, principal, rule, contract, reasons, received, expires, decider, by_log as "byLog", by_index as "byIndex"`;

/** The rows of quarantine. */
export class QuarantineTable {
  readonly pool: Pool;

  constructor(pool: Pool) {
    this.pool = pool;
  }

  /** `kept`, and counted; `known`: that prediction is held already; `stale`: a key went meanwhile. */
  async keep(record: NewQuarantine): Promise<'kept' | 'known' | 'stale'> {
    const { log, id, prediction, model, version, principal, rule, contract, reasons, period, key, epoch, wrapped, subjectKey, sealed } = record;
    const { rows } = await this.pool.query<{ outcome: 'kept' | 'known' | 'stale' }>(
      'select quarantine_record($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) as outcome',
      [log, id, prediction, model, version, principal, rule, contract, JSON.stringify(reasons), period, key, epoch, Buffer.from(wrapped), subjectKey ?? null, Buffer.from(sealed)],
    );
    return (rows[0] as { outcome: 'kept' | 'known' | 'stale' }).outcome; // a function gives a row
  }

  /** The held record of a prediction's id. */
  async findHeld(logs: readonly number[], prediction: string): Promise<(QuarantineRow & SealedRecord) | undefined> {
    const { rows } = await this.pool.query<QuarantineRow & SealedRecord>(
      `select ${COLUMNS}, key, sealed from quarantine where log = any($1::int[]) and prediction = $2 and state = 'held' order by log desc limit 1`,
      [logs, prediction],
    );
    return rows[0];
  }

  async read(logs: readonly number[], id: string): Promise<(QuarantineRow & Partial<SealedRecord>) | undefined> {
    const { rows } = await this.pool.query<QuarantineRow & { key: number | null; sealed: Buffer | null }>(
      `select ${COLUMNS}, key, sealed from quarantine where log = any($1::int[]) and id = $2`,
      [logs, id],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    const { key, sealed, ...rest } = row;
    return key === null || sealed === null || rest.state !== 'held' ? rest : { ...rest, key, sealed };
  }

  /** A page, newest first. @param behind the id of the last one of the page before */
  async page(logs: readonly number[], filter: { state: QuarantineState | undefined; behind: string | undefined; limit: number }, seen: RowRules): Promise<QuarantineRow[]> {
    const rules = sqlText(seen, 4);
    const { rows } = await this.pool.query<QuarantineRow>(
      `select * from (select ${COLUMNS} from quarantine where log = any($1::int[]) and ($3::text is null or number < (select number from quarantine where log = any($1::int[]) and id = $3)) and ${rules.text}) as q
        where ($2::text is null or state = $2) order by number desc limit $4`,
      [logs, filter.state ?? null, filter.behind ?? null, filter.limit, ...rules.values],
    );
    return rows;
  }
}

/** Ends a record's time in quarantine; false where it has ended already. Precondition: the entry that says so comes with the transaction. */
export async function settleQuarantine(client: PoolClient, { log, id }: QuarantineRow, state: 'released' | 'rejected', by: { decider: string; log: number; index: number }): Promise<boolean> {
  const { rows } = await client.query<{ settled: boolean }>('select settle_quarantine($1, $2, $3, $4, $5, $6) as settled', [log, id, state, by.decider, by.log, by.index]);
  return rows[0]?.settled === true;
}
