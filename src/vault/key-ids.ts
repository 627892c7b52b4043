import type { Pool } from 'pg';
import { VaultError } from './vault-error.ts';

/** As the sequence `data_key_id` counts. */
const BLOCK = 4096;

/** Ids for new data keys, taken from the database in blocks and ahead of their use. */
export class KeyIds {
  private readonly pool: Pool;
  private next = 0;
  private end = 0;
  private spare: number | undefined;
  private fetching: Promise<void> | undefined;

  constructor(pool: Pool) {
    this.pool = pool;
  }

  /** Resolves when there are ids to take. */
  async start(): Promise<void> {
    if (this.next === this.end && this.spare === undefined) await this.fetch();
  }

  /** An id that nobody else has. @throws VaultError `keys-unavailable` when the database has not given any in time */
  take(): number {
    if (this.next === this.end) {
      if (this.spare === undefined) {
        this.refill();
        throw new VaultError('keys-unavailable', 'the database gave no ids for new keys in time');
      }
      this.next = this.spare;
      this.end = this.spare + BLOCK;
      this.spare = undefined;
    }
    if (this.spare === undefined) this.refill();
    return this.next++;
  }

  private refill(): void {
    // A failure shows when the block is spent; until then the next take tries again.
    this.fetching ??= this.fetch().catch(() => undefined).finally(() => (this.fetching = undefined));
  }

  private async fetch(): Promise<void> {
    const { rows } = await this.pool.query<{ id: number }>({ name: 'next-key-ids', text: "select nextval('data_key_id') as id" });
    this.spare = rows[0]?.id;
  }
}
