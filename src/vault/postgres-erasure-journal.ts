import type pg from 'pg';
import { connect } from '../database/connect.ts';
import { openPool, parseDatabaseUrl } from '../database/connection.ts';
import { unfitOutside } from '../database/outside-database.ts';
import type { ErasureJournal, JournalRecord } from './erasure-journal.ts';
import { JournalError } from './journal-error.ts';
import { decodeLine, encodeLine, FIRST } from './journal-line.ts';

const START_PATIENCE_MS = 10_000;
const MAX_CONNECTIONS = 2;
const PAGE_ROWS = 500;
const TABLE = `create table if not exists prediction_ledger_erasure_journal (
  origin text not null,
  position bigint not null check (position >= 0),
  line text not null,
  primary key (origin, position)
)`;

/** A table in a PostgreSQL other than the ledger's own, for replicas that share a log. Each log's lines are a chain of their own. */
export class PostgresErasureJournal implements ErasureJournal {
  private readonly url: string;
  private pool: Promise<pg.Pool> | undefined;
  private turn: Promise<unknown> = Promise.resolve();

  /** @param url of the checkpoint store; asked for at the first use, and again for as long as it does not answer */
  constructor(url: string) {
    this.url = url;
  }

  append(origin: string, record: JournalRecord): Promise<void> {
    const result = this.turn.then(() => this.write(origin, record));
    this.turn = result.catch(() => undefined);
    return result;
  }

  async *read(origin: string): AsyncGenerator<JournalRecord, void, undefined> {
    let position = 0;
    let hash = FIRST;
    for (;;) {
      const rows = await this.query<{ position: number; line: string }>(
        'select position, line from prediction_ledger_erasure_journal where origin = $1 and position >= $2 order by position limit $3',
        [origin, position, PAGE_ROWS],
      );
      for (const row of rows) {
        if (row.position !== position) throw broken(origin, `line ${position} is gone`);
        const decoded = decodeLine(row.line, hash);
        if ('fault' in decoded) throw broken(origin, `line ${position}: ${decoded.fault}`);
        if (decoded.origin !== origin) throw broken(origin, `line ${position} is of another log`);
        ({ hash } = decoded);
        position += 1;
        yield decoded.record;
      }
      if (rows.length < PAGE_ROWS) return;
    }
  }

  async close(): Promise<void> {
    await this.turn;
    const pool = await this.pool?.catch(() => undefined);
    await pool?.end();
  }

  private async write(origin: string, record: JournalRecord): Promise<void> {
    for (;;) {
      const [last] = await this.query<{ position: number; line: string }>(
        'select position, line from prediction_ledger_erasure_journal where origin = $1 order by position desc limit 1',
        [origin],
      );
      const position = last === undefined ? 0 : last.position + 1;
      const { text } = encodeLine(last === undefined ? FIRST : hashOf(last.line, origin, last.position), origin, record);
      const inserted = await this.query(
        'insert into prediction_ledger_erasure_journal (origin, position, line) values ($1, $2, $3) on conflict do nothing returning position',
        [origin, position, text],
      );
      // Where another replica was first, there is another last line now.
      if (inserted.length > 0) return;
    }
  }

  private async query<Row extends pg.QueryResultRow>(text: string, values: readonly (string | number)[]): Promise<Row[]> {
    try {
      this.pool ??= this.open();
      const pool = await this.pool.catch((error: unknown) => {
        this.pool = undefined;
        throw error;
      });
      return (await pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      if (error instanceof JournalError) throw error;
      throw unavailable(error instanceof Error ? error.message : String(error));
    }
  }

  private async open(): Promise<pg.Pool> {
    const connection = { ...parseDatabaseUrl(this.url, 'CHECKPOINT_STORE'), application_name: 'prediction-ledger erasure journal' };
    const client = await connect(connection, () => undefined, START_PATIENCE_MS);
    try {
      const unfit = await unfitOutside(client);
      if (unfit !== undefined) throw unavailable(unfit);
      // Two replicas may make the table at once; the loser sees a unique violation in the catalogue.
      await client.query(TABLE).catch(() => client.query(TABLE));
    } finally {
      await client.end();
    }
    return openPool(connection, MAX_CONNECTIONS, () => undefined);
  }
}

/** The line that is there is not judged here but when it is read: what is new is to be kept in any case. */
function hashOf(line: string, origin: string, position: number): string {
  const hash = /"hash":"([0-9a-f]{64})"\}$/.exec(line)?.[1];
  if (hash === undefined) throw broken(origin, `line ${position}: it does not end as a line does`);
  return hash;
}

function broken(origin: string, why: string): JournalError {
  return new JournalError('journal-broken', `the erasure journal of ${origin} in the checkpoint store’s database: ${why}`);
}

function unavailable(why: string): JournalError {
  return new JournalError('journal-unavailable', `the erasure journal in the checkpoint store’s database cannot be used: ${why}`);
}
