import type { Pool } from 'pg';
import { VaultError, type KeyProvider } from './key-provider.ts';
import { randomBytes } from './random-bytes.ts';

/** One log's data keys: rows that hold them wrapped. */
export class DataKeyStore {
  private readonly pool: Pool;
  private readonly provider: KeyProvider;
  private readonly log: number;
  private readonly context: string;

  constructor(pool: Pool, provider: KeyProvider, log: number, origin: string) {
    this.pool = pool;
    this.provider = provider;
    this.log = log;
    this.context = origin;
  }

  /** Makes a key and stores it wrapped; it is durable before it is used. */
  async create(): Promise<{ id: number; dataKey: Buffer }> {
    const dataKey = randomBytes(32);
    const wrapped = await this.provider.wrap(dataKey, this.context);
    const { rows } = await this.pool.query<{ id: number }>(
      'insert into data_key (log, wrapped_by, wrapped) values ($1, $2, $3) returning id',
      [this.log, this.provider.current, wrapped],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('insert returned no row');
    return { id: row.id, dataKey };
  }

  /** @throws VaultError `payload-unreadable` when the key's row is gone */
  async read(id: number): Promise<Buffer> {
    const { rows } = await this.pool.query<{ wrapped_by: string; wrapped: Buffer }>(
      'select wrapped_by, wrapped from data_key where log = $1 and id = $2',
      [this.log, id],
    );
    const [row] = rows;
    if (row === undefined) throw new VaultError('payload-unreadable', `data key ${id} is gone`);
    return this.provider.unwrap(row.wrapped, row.wrapped_by, this.context);
  }
}
