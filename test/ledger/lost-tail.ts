import { join } from 'node:path';
import { copyLog } from '../../demo/log-copy.ts';
import { readEntriesFrom } from '../../src/cli/entry-source.ts';
import { FileCheckpointStore } from '../../src/ledger/file-checkpoint-store.ts';
import { fsckLog, type FsckReport } from '../../src/ledger/fsck.ts';
import { readLogs, type LogRow } from '../../src/ledger/log-row.ts';
import { recoverTail, type Recovered } from '../../src/ledger/recover-tail.ts';
import { ReceiptPayloads } from '../../src/predictions/receipt-payloads.ts';
import { readSettings } from '../../src/settings.ts';
import { openVault } from '../../src/vault/open-vault.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { startServiceOn, type RunningService } from './running-service.ts';

/** A log whose database was put back to an earlier state, and a copy of the whole of it. */
export interface LostTail {
  database: TestDatabase;
  row: LogRow;
  /** Entries that the database still holds, and that were signed. */
  held: number;
  signed: number;
  copy: string;
  receipts: string[];
}

let made = 0;

/**
 * Makes a log, saves its state, lets it go on, and puts the database back to what was saved.
 *
 * @param folder where the copy goes
 * @param kept appends what stays
 * @param lost appends what gets lost; gives the receipts that somebody keeps
 */
export async function loseTail(folder: string, kept: (service: RunningService) => Promise<unknown>, lost: (service: RunningService) => Promise<string[]>): Promise<LostTail> {
  const database = await createTestDatabase();
  const first = await startServiceOn(database);
  await kept(first);
  await first.close();
  const { owner, pool } = database.database;
  const tables = ['log_head', ...COPIED];
  for (const table of tables) await owner.query(`create table kept_${table} as select * from ${table}`);
  const second = await startServiceOn(database);
  const receipts = await lost(second);
  const row = (await readLogs(pool))[0] as LogRow;
  // The last entries are signed before the copy is made.
  await second.service.ledger.byLogName('default')?.publisher.publish();
  const copy = join(folder, `copy-${++made}`);
  const { size } = await copyLog(async (path) => Buffer.from(await (await fetch(`${second.url}/logs/default/${path}`)).arrayBuffer()), row.keys[0]?.vkey ?? '', copy);
  await second.close();
  const held = (await owner.query<{ size: number }>('select size from kept_log_head')).rows[0]?.size as number;
  const client = await owner.connect();
  await client.query('begin; set local session_replication_role = replica');
  for (const table of COPIED) await client.query(`delete from ${table} t where not exists (select from kept_${table} k where k = t)`);
  await client.query('delete from tile where (index + 1) * 256 > $1', [held]);
  await client.query('delete from checkpoint where size > $1', [held]);
  await client.query('update log_head h set size = k.size, head = k.head, frontier = k.frontier, time = k.time, policy = k.policy, vault = k.vault from kept_log_head k where k.log = h.log');
  for (const table of tables) await client.query(`drop table kept_${table}`);
  await client.query('commit');
  client.release();
  return { database, row, held, signed: size, copy, receipts };
}

const COPIED = ['entry', 'payload', 'prediction', 'data_key', 'token', 'request', 'erased'] as const;

/** Brings it back. @param place of the copy */
export async function recover({ database, row }: LostTail, place: string, receipts: readonly string[] = [], lastErasure?: number): Promise<Recovered> {
  const stored = await new FileCheckpointStore(join(database.settings.dataDir, 'checkpoints.json')).read(row.origin);
  if (stored === undefined) throw new Error('nothing was signed');
  const vault = await openVault(readSettings({ DATA_DIR: database.settings.dataDir }), database.database);
  const payloads = new ReceiptPayloads(await vault.of(row), lastErasure);
  for (const receipt of receipts) payloads.add(receipt);
  return recoverTail({
    owner: database.database.owner, row, stored,
    readEntries: readEntriesFrom(place, stored.size),
    payloadOf: (index, entry) => payloads.of(index, entry),
    onProgress: () => undefined,
  });
}

export async function fsckLost({ database, row }: LostTail): Promise<FsckReport> {
  const vault = await openVault(readSettings({ DATA_DIR: database.settings.dataDir }), database.database);
  const stored = await new FileCheckpointStore(join(database.settings.dataDir, 'checkpoints.json')).read(row.origin);
  return fsckLog({ pool: database.database.pool, row, opener: vault.openerOf(row), stored, onProgress: () => undefined });
}
