import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool, PoolClient } from 'pg';
import { draftAct, type Actor } from '../access/act.ts';
import type { Log } from '../ledger/log.ts';
import { EpochEndingError } from './epoch-ending-error.ts';
import type { ErasureJournal } from './erasure-journal.ts';
import { keyExportName, writeKeyExport } from './key-export.ts';
import type { KeyExportEnd } from './key-export-row.ts';
import type { EpochRow, KeyEpochs } from './key-epochs.ts';
import type { Vault } from './open-vault.ts';
import { keysOfEpoch, rewrapKeys } from './rewrap-keys.ts';

/** What the end of an epoch is brought about with. */
export interface EpochOffice {
  pool: Pool;
  /** Connections that hold the lock, apart from those on which the work waits. */
  lockPool: Pool;
  vault: Pick<Vault, 'provider' | 'epochsOf'>;
  journal: ErasureJournal;
  /** Folder of the exports. */
  exports: string;
}

/** Whose epoch ends, and the log whose entries say so: the same, or one that succeeds it. */
interface Ending {
  office: EpochOffice;
  of: Log;
  log: Log;
  by: Actor;
  epochs: KeyEpochs;
}

/** One replica at a time ends the epochs of a log. Any number, the same everywhere; the log's stands beside it. */
const EPOCH_LOCK = 7_301_504;

/**
 * Ends the open epoch of a log's keys: what was erased before is irrecoverable when this resolves. An end that was begun
 * before, and left by a crash, is brought to its end first.
 *
 * @param of whose keys: the log, or one that it succeeds
 * @throws EpochEndingError when another replica is at it; AppendError, VaultError, JournalError: what was done stays done, and
 *   the next call goes on from there
 */
export function endEpoch(office: EpochOffice, log: Log, by: Actor, of: Log = log): Promise<void> {
  return alone(office, of, async () => {
    const ending = { office, of, log, by, epochs: office.vault.epochsOf(of.row) };
    await finish(ending);
    await openNext(ending);
    await finish(ending);
  });
}

/** Brings an end to its end that was begun and left; does nothing where there is none. @throws as `endEpoch` */
export async function resumeEpochEnd(office: EpochOffice, log: Log, by: Actor, of: Log = log): Promise<void> {
  const epochs = office.vault.epochsOf(of.row);
  if ((await epochs.endingRows()).length > 0) await alone(office, of, () => finish({ office, of, log, by, epochs }));
}

async function alone(office: EpochOffice, { row }: Log, work: () => Promise<void>): Promise<void> {
  const client = await office.lockPool.connect();
  let broken: Error | undefined;
  try {
    const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1, $2) as mine', [EPOCH_LOCK, row.id]);
    if (rows[0]?.mine !== true) throw new EpochEndingError(row.name);
    await work();
    await client.query('select pg_advisory_unlock($1, $2)', [EPOCH_LOCK, row.id]);
  } catch (error) {
    // The lock ends with its connection.
    if (!(error instanceof EpochEndingError)) broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(broken);
  }
}

/** New keys go to the next epoch from this transaction on, on every replica. */
async function openNext({ office, of, log, by, epochs }: Ending): Promise<void> {
  const before = await epochs.openRow();
  if (before === undefined) throw new Error('no epoch is open');
  const number = before.number + 1;
  const older = await olderNames(office.pool, of.row.id);
  const { kek, wrapped } = await epochs.prepare(number);
  try {
    await log.appendWith(async (client) => {
      await client.query('update key_epoch set closed = clock_timestamp() where log = $1 and number = $2', [of.row.id, before.number]);
      const version = await advanceVault(client, of);
      await client.query('insert into key_epoch (log, number, kek, wrapped, vault, older) values ($1, $2, $3, $4, $5, $6)', [of.row.id, number, kek, wrapped, version, older]);
      const body = { origin: of.row.origin, epoch: number, kek, previous: before.number };
      return { drafts: [draftAct(log, by, { type: 'key-epoch-opened', v: 1, body })], vault: of === log ? version : undefined };
    });
  } catch (error) {
    await discard(office, of, kek);
    throw error;
  }
  await followVault(office.pool, of);
}

/** A key that no row names wraps nothing. Where that cannot be seen, it stays. */
async function discard({ pool, vault }: EpochOffice, { row }: Log, kek: string): Promise<void> {
  try {
    // The head's lock is behind whatever is still under way.
    await pool.query('select from lock_head($1)', [row.id]);
    const { rowCount } = await pool.query('select from key_epoch where kek = $1', [kek]);
    if (rowCount === 0) await vault.provider.destroy(kek);
  } catch {
    // The first failure is the one to tell.
  }
}

async function finish(ending: Ending): Promise<void> {
  const { office, of, epochs } = ending;
  const { pool, journal, vault } = office;
  const rows = await epochs.endingRows();
  if (rows.length === 0) return;
  await epochs.load();
  const open = await epochs.openRow();
  if (open === undefined) throw new Error('no epoch is open');
  await rewrapKeys({ pool, provider: vault.provider, log: of.row }, epochs);
  await requireMoved(pool, of.row.id, open.number);
  const name = keyExportName(of.row.name, open.number);
  const time = new Date().toISOString();
  const header = { origin: of.row.origin, epoch: open.number, kek: open.kek, secrets: open.wrapped.toString('base64'), time };
  const end = await writeKeyExport(office.exports, name, header, keysOfEpoch(pool, of.row.id, open.number));
  await journal.append(of.row.origin, { v: 1, kind: 'epoch', epoch: open.number, export: name, time });
  // From here on the old keys are needed for nothing: not by this database, nor by one that is restored from before.
  await pool.query('update key_epoch set moved = clock_timestamp() where log = $1 and number < $2 and closed is not null and moved is null', [of.row.id, open.number]);
  for (const row of rows) {
    await vault.provider.destroy(row.kek);
    await destroyOlder(office, open);
    await sayEnded(ending, row, end);
  }
  await removeOldExports(office.exports, of.row.name, open.number);
}

async function requireMoved(pool: Pool, log: number, epoch: number): Promise<void> {
  const { rows } = await pool.query<{ id: number }>('select id from data_key where log = $1 and (epoch is null or epoch < $2) limit 1', [log, epoch]);
  if (rows[0] !== undefined) throw new Error(`data key ${rows[0].id} did not move to epoch ${epoch}: the end of the one before goes on at the next try`);
}

async function sayEnded({ office, of, log, by }: Ending, { number, kek }: EpochRow, { rows, digest }: KeyExportEnd): Promise<void> {
  await log.appendWith(async (client, head) => {
    const { rows: ended } = await client.query<{ rewrapped: number }>(
      'update key_epoch set ended = clock_timestamp(), ended_log = $3, ended_index = $4 where log = $1 and number = $2 and ended is null returning rewrapped',
      [of.row.id, number, log.row.id, head.size],
    );
    const [row] = ended;
    if (row === undefined) throw new Error(`epoch ${number} has ended already`);
    // Every replica forgets the ended epoch's secrets; that is no erasure.
    const version = await advanceVault(client, of);
    await client.query('update key_epoch set vault = vault + 1 where log = $1 and closed is null', [of.row.id]);
    const body = { origin: of.row.origin, epoch: number, kek, rewrapped: row.rewrapped, export: { keys: rows, digest } };
    return { drafts: [draftAct(log, by, { type: 'key-epoch-ended', v: 1, body })], vault: of === log ? version : undefined };
  });
  await followVault(office.pool, of);
}

/** Keys from before there were epochs may have wrapped those of several logs: the last one to move on ends them. */
async function destroyOlder({ pool, vault }: EpochOffice, { older }: EpochRow): Promise<void> {
  for (const name of older) {
    const { rowCount } = await pool.query('select from data_key where wrapped_by = $1 limit 1', [name]);
    if (rowCount === 0) await vault.provider.destroy(name);
  }
}

async function olderNames(pool: Pool, log: number): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>('select distinct wrapped_by as name from data_key where log = $1 and wrapped_by is not null', [log]);
  return rows.map(({ name }) => name);
}

async function advanceVault(client: PoolClient, { row }: Log): Promise<number> {
  const { rows } = await client.query<{ vault: number }>('select advance_vault($1) as vault', [row.id]);
  return rows[0]?.vault ?? 0;
}

/** A log whose entries are another's learns here what its next append would tell it. */
async function followVault(pool: Pool, { row, vault }: Log): Promise<void> {
  const { rows } = await pool.query<{ vault: number }>('select vault from log_head where log = $1', [row.id]);
  const version = rows[0]?.vault ?? 0;
  if (vault.version < version) await vault.renew(version);
}

/** Exports whose epoch's key is gone open nothing. */
async function removeOldExports(folder: string, log: string, epoch: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const number = /^(.*)-(\d+)\.jsonl\.gz$/.exec(name);
    if (number?.[1] === log && Number(number[2]) < epoch) await rm(join(folder, name), { force: true });
  }
}
