import { equalBytes } from '../core/bytes.ts';
import { leafHash } from '../core/merkle-tree.ts';
import { CheckpointStoreError, type StoredCheckpoint } from './checkpoint-store.ts';
import { CheckpointTable } from './checkpoint-table.ts';
import { ErasedTable } from './erased-table.ts';
import { storageFailure } from './database-failure.ts';
import type { Head } from './head.ts';
import type { LedgerOptions } from './ledger.ts';
import { Log, StopSwitch } from './log.ts';
import { LogKeyError, type LogKey } from './log-key.ts';
import type { LogRow } from './log-row.ts';
import { PayloadTable } from './payload-table.ts';
import { Prover } from './prover.ts';
import { contradictionWith, Publisher } from './publisher.ts';
import { Sequencer } from './sequencer.ts';
import { TileSource } from './tile-source.ts';

/**
 * Puts one log's parts together and runs every check of invariant 8. A log that fails one is given all the same, for
 * reading, with its reason set.
 */
export async function openLog(row: LogRow, predecessor: Log | undefined, options: LedgerOptions): Promise<Log> {
  const { checkpointStore, keys, say } = options;
  const pool = options.pool.of(row.tenant);
  const store = options.store.of(row.tenant);
  const halt = new StopSwitch((reason) => say('error', `log ${row.name} STOPPED: ${reason}`));
  const tiles = new TileSource(row.id, store, options.tileCache);
  const prover = new Prover(tiles);
  const checkpoints = new CheckpointTable(pool, row.id);
  const key = await keys.read(row.name, row.origin).catch((error: unknown) => {
    if (!(error instanceof LogKeyError)) throw error;
    halt.stop(`${error.message}: put the log’s key there and start again`);
    return undefined;
  });
  const contradiction = keyContradiction(key, row, keys.path(row.name)) ?? (await headContradiction(row, prover, options));
  if (contradiction !== undefined) halt.stop(contradiction);

  const publisher = new Publisher({
    origin: row.origin,
    signers: key === undefined ? [] : [key.signer],
    store: checkpointStore,
    table: checkpoints,
    prover,
    readHead: () => store.readHead(row.id),
    stop: (reason) => halt.stop(reason),
    stopped: () => halt.reason,
  });
  const vault = await options.vaultOf(row);
  const sequencer = new Sequencer({
    log: row.id,
    predecessors: (predecessor?.succession ?? []).map((log) => log.row.id),
    origin: row.origin,
    store,
    clock: options.clock,
    limits: options.limits,
    budget: options.budget,
    patienceMs: options.patienceMs,
    vault,
    policy: options.policy.digest,
    guard: () => {
      halt.check();
      options.clockMonitor.check();
    },
    onCommit: options.onCommit,
    onContradiction: (reason) => halt.stop(reason),
  });
  await publisher.refresh();
  // The store knows of the log before its first entry is acknowledged: a store that is lost later is noticed.
  if (halt.reason === undefined) {
    await publisher.publish().catch((error: unknown) => {
      if (!(error instanceof CheckpointStoreError)) throw error;
      halt.stop(error.message);
    });
  }
  const payloads = new PayloadTable(pool, row.id);
  const erased = new ErasedTable(pool, row.id);
  return new Log({ row, predecessor, sequencer, publisher, prover, tiles, checkpoints, payloads, erased, halt, vault, store, pool });
}

function keyContradiction(key: LogKey | undefined, row: LogRow, path: string): string | undefined {
  if (row.keys.some(({ vkey }) => vkey === key?.vkey)) return undefined;
  const own = row.keys.map(({ vkey }) => vkey).join(', ');
  const found = key === undefined ? `there is no signing key at ${path}` : `the signing key at ${path} is ${key.vkey}`;
  return `${found}, but the log’s own is ${own}: put the log’s key there and start again`;
}

/** Why the database cannot be appended to, whatever is in the checkpoint store; undefined when the two agree. */
async function headContradiction(row: LogRow, prover: Prover, options: LedgerOptions): Promise<string | undefined> {
  let head: Head;
  let stored: StoredCheckpoint | undefined;
  try {
    head = await options.store.readHead(row.id);
    stored = await options.checkpointStore.read(row.origin);
  } catch (error) {
    if (error instanceof CheckpointStoreError) return error.message;
    // A database that is away contradicts nothing: there is no start without it.
    if (storageFailure(error) !== undefined) throw error;
    return `the database’s head cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  return (await lastEntryContradiction(row.id, head, options)) ?? contradictionWith(stored, head, prover);
}

/** The head names the last entry's hash; they are written together, so a difference was made by hand. */
async function lastEntryContradiction(log: number, head: Head, { store }: LedgerOptions): Promise<string | undefined> {
  if (head.size === 0) return undefined;
  const [last] = await store.readEntries(log, head.size - 1, head.size);
  if (last === undefined) return `entry ${head.size - 1} is missing`;
  return equalBytes(leafHash(last), head.hash) ? undefined : `entry ${head.size - 1} is not the one that the head names`;
}
