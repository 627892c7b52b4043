import { join } from 'node:path';
import type { ClientBase, Pool } from 'pg';
import { inTransaction } from '../database/in-transaction.ts';
import type { ErasureJournal, JournalRecord } from './erasure-journal.ts';
import { JournalError } from './journal-error.ts';
import { readKeyExport } from './key-export.ts';
import type { KeyExportHeader, KeyExportRow } from './key-export-row.ts';

/** What a database that may have been restored is told again with. */
export interface KeyReturn {
  /** The tables' owner: what is done here no role of the service may do. */
  owner: Pool;
  journal: ErasureJournal;
  /** Folder of the exports. */
  exports: string;
  say: (level: 'info' | 'warn', message: string) => void;
}

export interface ReturningLog {
  id: number;
  name: string;
  origin: string;
}

type EpochRecord = JournalRecord & { kind: 'epoch' };

const BATCH = 2000;

/**
 * Before anything is served: where the database is from before an epoch's end, brings the keys that survived it from its
 * export; keys that did not survive open no more, and go with what was sealed under them. Does nothing to a database that is
 * not behind the journal. What was erased since the export, the journal's erasures say.
 *
 * @throws JournalError `journal-broken`, `journal-unavailable`, `key-export-broken`: then the service must not start
 */
export async function bringBackKeys({ owner, journal, exports, say }: KeyReturn, log: ReturningLog): Promise<void> {
  const newest = await newestEpoch(journal, log.origin);
  await warnOfLostJournal(owner, log, newest?.epoch ?? 1, say);
  if (newest === undefined || !(await isBehind(owner, log.id, newest.epoch))) return;
  const { header, rows } = await readKeyExport(join(exports, newest.export));
  if (header.origin !== log.origin || header.epoch !== newest.epoch) {
    throw new JournalError('key-export-broken', `the key export ${newest.export} is not of epoch ${newest.epoch} of ${log.origin}`);
  }
  const { kept, gone } = await inTransaction(owner, async (client) => {
    await beginEpoch(client, log.id, header);
    return { kept: await moveKeys(client, log.id, header.epoch, rows), gone: await dropLostKeys(client, log.id, header.epoch) };
  });
  say('warn', `log ${log.name}: the database is from before the end of an epoch of keys: ${kept} keys are back from ${newest.export}, ${gone.keys} did not survive, and ${gone.payloads} payloads went with them`);
}

async function newestEpoch(journal: ErasureJournal, origin: string): Promise<EpochRecord | undefined> {
  let newest: EpochRecord | undefined;
  for await (const record of journal.read(origin)) {
    if (record.kind === 'epoch' && record.epoch >= (newest?.epoch ?? 0)) newest = record;
  }
  return newest;
}

async function warnOfLostJournal(owner: Pool, { id, name }: ReturningLog, known: number, say: KeyReturn['say']): Promise<void> {
  const { rows } = await owner.query<{ number: number | null }>('select max(number) as number from key_epoch where log = $1 and moved is not null', [id]);
  const moved = rows[0]?.number ?? 0;
  if (moved < known) return;
  say(
    'warn',
    `log ${name}: the erasure journal does not know of the end of epoch ${moved} of its keys: it was lost or set back, and a backup that is restored would not be told what was erased. ` +
      'Put it back, or end the epoch now (prediction-ledger keys end-epoch) and let go of older backups',
  );
}

/** Whether data keys are wrapped in epochs that have ended since, or the database has not heard of the epoch. */
async function isBehind(owner: Pool, log: number, epoch: number): Promise<boolean> {
  const { rows } = await owner.query<{ behind: boolean }>(
    `select not exists (select from key_epoch where log = $1 and number >= $2)
         or exists (select from data_key where log = $1 and (epoch is null or epoch < $2)) as behind`,
    [log, epoch],
  );
  return rows[0]?.behind === true;
}

/** The export's epoch is the open one from here on; those before it have ended. */
async function beginEpoch(client: ClientBase, log: number, { epoch, kek, secrets }: KeyExportHeader): Promise<void> {
  await client.query('select from log_head where log = $1 for update', [log]);
  await client.query(
    `update key_epoch set closed = coalesce(closed, clock_timestamp()), moved = coalesce(moved, clock_timestamp()), ended = coalesce(ended, clock_timestamp())
      where log = $1 and number < $2`,
    [log, epoch],
  );
  const { rows } = await client.query<{ kek: string }>('select kek from key_epoch where log = $1 and number = $2', [log, epoch]);
  if (rows[0] === undefined) await client.query('insert into key_epoch (log, number, kek, wrapped) values ($1, $2, $3, $4)', [log, epoch, kek, Buffer.from(secrets, 'base64')]);
  else if (rows[0].kek !== kek) throw new JournalError('key-export-broken', `epoch ${epoch} of the database is another than that of its export`);
}

async function moveKeys(client: ClientBase, log: number, epoch: number, rows: AsyncIterable<KeyExportRow>): Promise<number> {
  let kept = 0;
  let batch: KeyExportRow[] = [];
  const write = async (): Promise<void> => {
    const { rowCount } = await client.query(
      `update data_key d set epoch = $2, wrapped_by = null, wrapped = n.wrapped, lookup = n.lookup
         from unnest($3::bigint[], $4::bytea[], $5::bytea[]) as n(id, wrapped, lookup)
        where d.log = $1 and d.id = n.id and (d.epoch is null or d.epoch < $2)`,
      [log, epoch, batch.map(({ id }) => id), batch.map(({ wrapped }) => Buffer.from(wrapped, 'base64')), batch.map(({ lookup }) => (lookup === null ? null : Buffer.from(lookup, 'base64')))],
    );
    kept += rowCount ?? 0;
    batch = [];
  };
  for await (const row of rows) {
    batch.push(row);
    if (batch.length === BATCH) await write();
  }
  await write();
  return kept;
}

/** Which entry says so is not known here: the service names one once the log goes on. */
async function dropLostKeys(client: ClientBase, log: number, epoch: number): Promise<{ keys: number; payloads: number }> {
  const { rows } = await client.query<{ keys: number; payloads: number }>(
    `with lost as (delete from data_key where log = $1 and (epoch is null or epoch < $2) returning id),
     tokens as (delete from token t using lost where t.log = $1 and t.key = lost.id),
     gone as (delete from payload p using lost where p.log = $1 and p.key = lost.id returning p.index),
     noted as (insert into erased (log, index) select $1, index from gone),
     cleared as (update prediction p set outcome = null, request = null, parents = null, features = null from gone where p.log = $1 and p.index = gone.index),
     untold as (update follow_up f set verdict = null from gone where f.log = $1 and f.index = gone.index)
     select (select count(*) from lost) as keys, (select count(*) from gone) as payloads`,
    [log, epoch],
  );
  return rows[0] ?? { keys: 0, payloads: 0 };
}
