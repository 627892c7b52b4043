import type { Pool } from 'pg';

/** A checkpoint that was signed and kept. */
export interface PublishedCheckpoint {
  size: number;
  /** 32 bytes. */
  root: Uint8Array;
  /** The signed note. */
  note: string;
}

/** One log's published checkpoints, every one of them. */
export class CheckpointTable {
  private readonly pool: Pool;
  private readonly log: number;

  constructor(pool: Pool, log: number) {
    this.pool = pool;
    this.log = log;
  }

  /** Keeps a checkpoint; the same size again is no error, for Ed25519 signs alike. */
  async insert({ size, root, note }: PublishedCheckpoint): Promise<void> {
    await this.pool.query({
      name: 'insert-checkpoint',
      text: 'insert into checkpoint (log, size, root, note) values ($1, $2, $3, $4) on conflict do nothing',
      values: [this.log, size, Buffer.from(root), note],
    });
  }

  latest(): Promise<PublishedCheckpoint | undefined> {
    return this.one('select size, root, note from checkpoint where log = $1 order by size desc limit 1', []);
  }

  /** The checkpoint of exactly that size. */
  ofSize(size: number): Promise<PublishedCheckpoint | undefined> {
    return this.one('select size, root, note from checkpoint where log = $1 and size = $2', [size]);
  }

  private async one(text: string, values: readonly number[]): Promise<PublishedCheckpoint | undefined> {
    const { rows } = await this.pool.query<{ size: number; root: Buffer; note: string }>(text, [this.log, ...values]);
    return rows[0];
  }
}
