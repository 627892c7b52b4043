import type { Pool } from 'pg';

/** The entry by which a payload was erased. */
export interface Authority {
  /** The log's number: the payload's own log, or one that succeeds it. */
  log: number;
  index: number;
}

/** One log's payloads that were erased with authority. */
export class ErasedTable {
  private readonly pool: Pool;
  private readonly log: number;

  constructor(pool: Pool, log: number) {
    this.pool = pool;
    this.log = log;
  }

  /**
   * Whether an entry's payload was erased, and by which entry: `by` is undefined for as long as an erasure that was applied
   * again to a restored database has no entry.
   */
  async of(index: number): Promise<{ by: Authority | undefined } | undefined> {
    const { rows } = await this.pool.query<{ log: number | null; index: number | null }>({
      name: 'find-erased',
      text: 'select by_log as log, by_index as index from erased where log = $1 and index = $2',
      values: [this.log, index],
    });
    const [row] = rows;
    if (row === undefined) return undefined;
    return { by: row.log === null || row.index === null ? undefined : { log: row.log, index: row.index } };
  }

  /** All indices that an entry erased in this log, in ascending order. */
  async listOf({ log, index }: Authority): Promise<number[]> {
    return erasedBy(this.pool, this.log, { log, index });
  }
}

/** The indices that an entry erased in a log, in ascending order. */
export async function erasedBy(client: Pick<Pool, 'query'>, log: number, by: Authority): Promise<number[]> {
  const { rows } = await client.query<{ index: number }>('select index from erased where log = $1 and by_log = $2 and by_index = $3 order by index', [log, by.log, by.index]);
  return rows.map(({ index }) => index);
}
