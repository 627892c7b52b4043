import type { TenantPool } from '../../src/database/tenant-pool.ts';
import { buildBatch } from '../../src/ledger/batch.ts';
import { systemClock } from '../../src/ledger/clock.ts';
import type { EntryDraft } from '../../src/ledger/entry-draft.ts';
import { insertLog, readLogs } from '../../src/ledger/log-row.ts';
import { installNativeSha256 } from '../../src/ledger/native-sha256.ts';
import { QueueBudget } from '../../src/ledger/pending-queue.ts';
import { PostgresLogStore } from '../../src/ledger/postgres-log-store.ts';
import { Sequencer, type SequencerOptions } from '../../src/ledger/sequencer.ts';
import { TileBuilder } from '../../src/ledger/tile-builder.ts';
import type { TestDatabase } from '../test-database.ts';
import { plainVault } from '../../bench/servers/plain-vault.ts';
import { checkLog } from './check-log.ts';
import { activation, POLICY } from './sample-draft.ts';

/** A log's rows, and its parts made by hand. */
export interface TestLog {
  id: number;
  origin: string;
  store: PostgresLogStore;
  /** A replica's sequencer; every refusal to go on is pushed to `stops`. */
  sequencer(options?: Partial<SequencerOptions>): Sequencer;
  stops: string[];
  /** Appends without a sequencer, in one transaction: as another replica would. */
  append(drafts: readonly EntryDraft[], now?: number): Promise<void>;
  /** Verifies the whole log; gives its entries. */
  check(): Promise<Uint8Array[]>;
}

// As the service does: the tests would take several times as long without it.
installNativeSha256();

let count = 0;

/** A log of its own in the database, whose first entry brings `POLICY` into force unless it is to be empty. */
export async function createTestLog({ database }: TestDatabase, { empty = false, predecessor }: { empty?: boolean; predecessor?: number } = {}): Promise<TestLog> {
  const name = `log-${++count}`;
  const origin = `ledger.example/logs/${name}`;
  const store = storeOf(database.pool, appendPool(database));
  await insertLog(database.pool, { tenantName: name, name, origin, open: true, vkey: `${origin}+00000000+x`, predecessor });
  const row = (await readLogs(database.pool)).find((each) => each.name === name);
  if (row === undefined) throw new Error('the log was not made');
  const stops: string[] = [];
  const log: TestLog = {
    id: row.id,
    origin,
    store,
    stops,
    sequencer: (options = {}) =>
      new Sequencer({
        log: row.id,
        predecessors: predecessor === undefined ? [] : [predecessor],
        origin,
        store,
        clock: systemClock,
        limits: { maxQueueEntries: 100_000, maxQueueBytes: 2 ** 28 },
        budget: new QueueBudget(2 ** 30),
        patienceMs: 5000,
        policy: POLICY,
        vault: plainVault(),
        guard: () => undefined,
        onCommit: () => undefined,
        onContradiction: (reason) => stops.push(reason),
        ...options,
      }),
    append: async (drafts, now = Date.now()) => {
      await store.appendLocked(row.id, async (head) => {
        const batch = buildBatch(head, origin, drafts, now);
        return { batch, drafts, tiles: await new TileBuilder(row.id, store).build(batch) };
      });
    },
    check: () => checkLog(database.owner, { id: row.id, origin }),
  };
  if (!empty) await log.append([activation()]);
  return log;
}

function storeOf(pool: TenantPool, appends: TenantPool): PostgresLogStore {
  return new PostgresLogStore(pool, appends);
}

const pools = new WeakMap<object, TenantPool>();

/** One pool for the appends of all logs of a database, as the service has it. */
function appendPool(database: TestDatabase['database']): TenantPool {
  const pool = pools.get(database) ?? database.newPool(4);
  pools.set(database, pool);
  return pool;
}
