import type { Pool, PoolClient } from 'pg';
import type { Contracts } from '../contracts/contracts.ts';
import { draftSystemEntry } from '../ledger/draft.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../ledger/log.ts';
import { readLogs, type LogRow } from '../ledger/log-row.ts';
import type { ErasureJournal } from '../vault/erasure-journal.ts';
import type { LogVault } from '../vault/log-vault.ts';
import { reseal } from '../vault/reseal.ts';
import { VaultError } from '../vault/vault-error.ts';
import { indicesDigest } from './indices-digest.ts';
import { journalErasure } from './journal-erasure.ts';
import { stayingOf } from './erase-subject.ts';

export interface JournalApplication {
  /** Connections as the tables' owner: what is done here is a restoration's matter, and no request's. */
  owner: Pool;
  journal: ErasureJournal;
  contracts: Contracts;
  vaultOf: (row: LogRow) => Promise<LogVault>;
  say: (level: 'warn', message: string) => void;
}

/** Keys that nobody can open any more. */
const NO_MORE: ReadonlySet<string> = new Set(['kek-missing', 'key-erased', 'unwrap-failed']);

/** As `data_key_id` counts. */
const ID_BLOCK = 4096;

/**
 * Erases again what the journal says was erased and a restored database still holds, before anything is answered. Statutory
 * retention is heeded as it was: what a contract retains is sealed anew. No key's id is ever given out a second time.
 *
 * @returns ids of the erasures that were applied again, by log
 * @throws JournalError when the journal cannot be read: it is not taken for an empty one
 */
export async function applyJournal(application: JournalApplication): Promise<ReadonlyMap<number, string[]>> {
  const { owner, journal, say } = application;
  const applied = new Map<number, string[]>();
  const journalled: { row: LogRow; records: { id: string; keys: number[] }[] }[] = [];
  for (const row of await readLogs(owner)) {
    const records: { id: string; keys: number[] }[] = [];
    for await (const record of journal.read(row.origin)) if (record.kind === 'erasure' && record.keys.length > 0) records.push(record);
    journalled.push({ row, records });
  }
  await passIds(owner, Math.max(0, ...journalled.flatMap(({ records }) => records.flatMap(({ keys }) => keys))));
  for (const { row, records } of journalled) {
    const held = await heldKeys(owner, row.id, records.flatMap(({ keys }) => keys));
    const due = records.filter(({ keys }) => keys.some((key) => held.has(key)));
    if (due.length === 0) continue;
    const gone = await eraseAgain(application, row, [...held]);
    applied.set(row.id, [...new Set(due.map(({ id }) => id))]);
    say('warn', `log ${row.name}: the database is from before ${due.length} erasures of the journal; they were applied again, and ${gone} payloads are gone`);
  }
  return applied;
}

/** No key gets an id that was given out before, which a restored sequence would do: the journal would take it for erased. */
async function passIds(owner: Pool, journalled: number): Promise<void> {
  await owner.query(
    `select setval('data_key_id', m.top + 1, false) from (
       select greatest($1::bigint, (select coalesce(max(id), 0) from data_key), (select coalesce(max(key), 0) from payload)) as top
     ) m where m.top >= (select case when is_called then last_value + ${ID_BLOCK} else last_value end from data_key_id)`,
    [journalled],
  );
}

async function heldKeys(owner: Pool, log: number, keys: readonly number[]): Promise<Set<number>> {
  const { rows } = await owner.query<{ key: number }>(
    'select id as key from data_key where log = $1 and id = any($2::bigint[]) union select key from payload where log = $1 and key = any($2::bigint[])',
    [log, keys],
  );
  return new Set(rows.map(({ key }) => key));
}

async function eraseAgain({ owner, contracts, vaultOf }: JournalApplication, row: LogRow, keys: readonly number[]): Promise<number> {
  const vault = await vaultOf(row);
  const client = await owner.connect();
  try {
    await client.query('begin');
    await client.query('select from log_head where log = $1 for update', [row.id]);
    let gone = 0;
    for (const key of keys) {
      const { indices } = await stayingOf(client, contracts, row, [key]);
      const resealed = await reseal(client, vault, row.id, indices).catch((error: unknown) => {
        // Its epoch has ended since: what was to stay of it was sealed anew then, in the database that was lost.
        if (error instanceof VaultError && NO_MORE.has(error.code)) return undefined;
        throw error;
      });
      gone += await eraseAsOwner(client, row.id, [key]);
      await resealed?.keep();
    }
    await client.query('update log_head set vault = vault + 1 where log = $1', [row.id]);
    await client.query('commit');
    return gone;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

/** As `erase_keys` does it, with the entry that says so yet to come. */
async function eraseAsOwner(client: PoolClient, log: number, keys: readonly number[]): Promise<number> {
  await client.query('delete from token where log = $1 and key = any($2::bigint[])', [log, keys]);
  await client.query('delete from data_key where log = $1 and id = any($2::bigint[])', [log, keys]);
  const { rows } = await client.query<{ index: number }>(
    `with gone as (delete from payload where log = $1 and key = any($2::bigint[]) returning index),
     noted as (insert into erased (log, index) select $1, index from gone on conflict do nothing),
     cleared as (update prediction p set outcome = null, request = null, parents = null, features = null from gone where p.log = $1 and p.index = gone.index),
     untold as (update follow_up f set verdict = null from gone where f.log = $1 and f.index = gone.index)
     select index from gone`,
    [log, keys],
  );
  return rows.length;
}

/**
 * Once the logs are open: journals what is committed and, by a crash, was not journalled; and writes the entries that say
 * what was applied again. A log that has stopped has them to come.
 */
export async function settleJournal({ owner, journal }: Pick<JournalApplication, 'owner' | 'journal'>, ledger: Ledger, applied: ReadonlyMap<number, string[]>): Promise<void> {
  for (const log of ledger.logs) {
    if (ledger.ofTenant(log.row.tenant) !== log) continue;
    await journalMissing(owner, journal, log);
    if (log.stopped === undefined) await sayAgain(owner, log, applied);
  }
}

async function journalMissing(owner: Pool, journal: ErasureJournal, log: Log): Promise<void> {
  const { rows } = await owner.query<{ id: string; decisionIndex: number }>(
    `select id, decision_index as "decisionIndex" from request where log = $1 and kind = 'erasure' and state = 'executed' order by decision_index`,
    [log.row.id],
  );
  if (rows.length === 0) return;
  const known = new Set<string>();
  for await (const record of journal.read(log.row.origin)) if (record.kind === 'erasure') known.add(record.id);
  for (const row of rows) if (!known.has(row.id)) await journalErasure(journal, log, row);
}

async function sayAgain(owner: Pool, log: Log, applied: ReadonlyMap<number, string[]>): Promise<void> {
  const { rows } = await owner.query<{ log: number }>('select distinct log from erased where log = any($1::int[]) and by_log is null', [log.succession.map(({ row }) => row.id)]);
  if (rows.length === 0) return;
  await log.appendWith(async (client, head) => {
    const parts = new Map<Log, number[]>();
    for (const each of log.succession) {
      const { rows: named } = await client.query<{ index: number }>('select authorize_erased($1, $2, $3) as index', [each.row.id, log.row.id, head.size]);
      parts.set(each, named.map(({ index }) => index).sort((a, b) => a - b));
    }
    const again = [...new Set(log.succession.flatMap(({ row }) => applied.get(row.id) ?? []))];
    const succession = [...parts].flatMap(([each, indices]) => (each === log || indices.length === 0 ? [] : [{ origin: each.row.origin, indices: indicesDigest(indices) }]));
    const body = { indices: indicesDigest(parts.get(log) ?? []), again, succession };
    return { drafts: [draftSystemEntry(log.vault, { type: 'erasure', v: 1, body })] };
  });
}
