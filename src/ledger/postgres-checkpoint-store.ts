import type pg from 'pg';
import { connect } from '../database/connect.ts';
import { openPool, parseDatabaseUrl } from '../database/connection.ts';
import { unfitOutside } from '../database/outside-database.ts';
import { CheckpointStoreError, type CheckpointStore, type StoredCheckpoint } from './checkpoint-store.ts';

const START_PATIENCE_MS = 10_000;
const MAX_CONNECTIONS = 4;
const TABLE = `create table if not exists prediction_ledger_checkpoint (
  origin text primary key,
  size bigint not null check (size >= 0),
  root text not null check (root ~ '^[0-9a-f]{64}$')
)`;

/**
 * A table in a PostgreSQL other than the ledger's own, for replicas that share a log: each signs only what the store
 * has taken from it, so two of them can never sign two trees.
 */
export class PostgresCheckpointStore implements CheckpointStore {
  private readonly pool: pg.Pool;

  private constructor(pool: pg.Pool) {
    this.pool = pool;
  }

  /**
   * Waits some seconds for a server that is still starting.
   *
   * @throws CheckpointStoreError when it does not answer or is not durable
   */
  static async open(url: string): Promise<PostgresCheckpointStore> {
    const connection = { ...parseDatabaseUrl(url, 'CHECKPOINT_STORE'), application_name: 'prediction-ledger checkpoint store' };
    try {
      const client = await connect(connection, () => undefined, START_PATIENCE_MS);
      try {
        await prepare(client);
      } finally {
        await client.end();
      }
    } catch (error) {
      if (error instanceof CheckpointStoreError) throw error;
      throw new CheckpointStoreError(`the checkpoint store cannot be used: ${error instanceof Error ? error.message : String(error)}`);
    }
    // An idle connection that broke is replaced at the next query, whose failure is told to whoever asked.
    return new PostgresCheckpointStore(openPool(connection, MAX_CONNECTIONS, () => undefined));
  }

  async read(origin: string): Promise<StoredCheckpoint | undefined> {
    const { rows } = await this.pool.query<StoredCheckpoint>('select size, root from prediction_ledger_checkpoint where origin = $1', [origin]);
    return rows[0];
  }

  async replace(origin: string, expected: StoredCheckpoint | undefined, next: StoredCheckpoint): Promise<boolean> {
    const { rowCount } =
      expected === undefined
        ? await this.pool.query('insert into prediction_ledger_checkpoint values ($1, $2, $3) on conflict do nothing', [origin, next.size, next.root])
        : await this.pool.query('update prediction_ledger_checkpoint set size = $2, root = $3 where origin = $1 and size = $4 and root = $5', [
            origin, next.size, next.root, expected.size, expected.root,
          ]);
    return rowCount === 1;
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

async function prepare(client: pg.ClientBase): Promise<void> {
  const unfit = await unfitOutside(client);
  if (unfit !== undefined) throw new CheckpointStoreError(`the checkpoint store cannot be used: ${unfit}`);
  // Two replicas may make the table at once; the loser sees a unique violation in the catalogue.
  await client.query(TABLE).catch(() => client.query(TABLE));
}
