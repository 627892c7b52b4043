import type { Pool } from 'pg';

/** One log's sealed payloads: the part of an entry that an erasure takes away. */
export class PayloadTable {
  private readonly pool: Pool;
  private readonly log: number;

  constructor(pool: Pool, log: number) {
    this.pool = pool;
    this.log = log;
  }

  /** The sealed payload of an entry and the key that sealed it; undefined when there is none (any more). */
  async read(index: number): Promise<{ key: number; sealed: Uint8Array } | undefined> {
    const { rows } = await this.pool.query<{ key: number; sealed: Buffer }>({
      name: 'read-payload',
      text: 'select key, sealed from payload where log = $1 and index = $2',
      values: [this.log, index],
    });
    return rows[0];
  }

  /** What the tokens of an entry's payload stand for, sealed, and the key; undefined where there are none (any more). */
  async readOriginals(index: number): Promise<{ key: number; originals: Uint8Array } | undefined> {
    const { rows } = await this.pool.query<{ key: number; originals: Buffer }>(
      'select key, originals from payload where log = $1 and index = $2 and originals is not null',
      [this.log, index],
    );
    return rows[0];
  }
}
