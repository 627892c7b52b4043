import type { Pool } from 'pg';
import { lossOf } from './recovery-table.ts';

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

  /** Whether the payload was lost with a tail, and by which entry that is declared: null where none says so yet. */
  lossOf(index: number): Promise<{ by: number | null } | undefined> {
    return lossOf(this.pool, this.log, index);
  }

  /**
   * Keeps a recovered payload sealed anew, with what a retry has shown of it; false where it, or the key, went or changed
   * meanwhile.
   *
   * @param old as it was sealed
   * @param originals undefined: as they are
   */
  async confirm(index: number, old: Uint8Array, { key, sealed, originals }: { key: number; sealed: Uint8Array; originals: Uint8Array | undefined }): Promise<boolean> {
    const { rows } = await this.pool.query<{ confirmed: boolean }>('select confirm_recovered($1, $2, $3, $4, $5, $6) as confirmed', [
      this.log, index, Buffer.from(old), key, Buffer.from(sealed), originals === undefined ? null : Buffer.from(originals),
    ]);
    return rows[0]?.confirmed === true;
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
