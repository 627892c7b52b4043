import type { Pool, PoolClient } from 'pg';
import { parseEntry } from '../core/entry.ts';
import { parsePayload } from '../core/payload.ts';
import type { PayloadOpener } from '../vault/log-vault.ts';
import { VaultError } from '../vault/vault-error.ts';
import type { DerivedEntry, Derivation } from './derivation.ts';
import type { LogRow } from './log-row.ts';
import { RebuiltTable, type TableReport } from './rebuilt-table.ts';

/** Read models cannot be derived; nothing was changed. */
export class RebuildError extends Error {
  override readonly name = 'RebuildError';
}

export interface RebuildOptions {
  /** Connections as the tables' owner: the runtime role may not do this. */
  owner: Pool;
  logs: readonly LogRow[];
  openerOf: (row: LogRow) => PayloadOpener;
  derivations: readonly Derivation[];
  /** Whether to tell the differences only. */
  check: boolean;
  onProgress: (log: string, done: number, total: number) => void;
}

interface Row {
  index: number;
  bytes: Buffer;
  key: number | null;
  sealed: Buffer | null;
  lost: boolean;
}

const PAGE = 500;

const ENTRIES = `
select e.index, e.bytes, p.key, p.sealed,
       exists (select from public.recovery r where r.log = e.log and r.from_index <= e.index and e.index < r.to_index and r.lost @> e.index) as lost
from public.entry e left join public.payload p on p.log = e.log and p.index = e.index
where e.log = $1 and e.index >= $2 and e.index < $3 order by e.index limit ${PAGE}`;

/**
 * Derives the read models again from entries, surviving payloads and erasures, a page of entries at a time, in one transaction;
 * then compares them with what is there and, unless asked to check alone, puts them in its place. While it does, nothing is
 * appended: stop the service before. Checking sees one moment, and the service may go on.
 *
 * @throws RebuildError where a payload that should be there does not open: see what `fsck` finds
 */
export async function rebuild(options: RebuildOptions): Promise<TableReport[]> {
  const client = await options.owner.connect();
  try {
    await client.query(options.check ? 'begin isolation level repeatable read' : 'begin');
    const reports = await rebuildWithin(client, options);
    await client.query(options.check ? 'rollback' : 'commit');
    return reports;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

async function rebuildWithin(client: PoolClient, { logs, openerOf, derivations, check, onProgress }: RebuildOptions): Promise<TableReport[]> {
  const { rows: heads } = await client.query<{ log: number; size: number }>(`select log, size from public.log_head order by log${check ? '' : ' for update'}`);
  const sizes = new Map(heads.map(({ log, size }) => [log, size]));
  const tables: RebuiltTable[] = [];
  for (const { tables: some } of derivations) for (const table of some) tables.push(await RebuiltTable.open(client, table));
  for (const table of tables) await table.shadow();
  await client.query('create temporary table absent (log integer not null, index bigint not null, primary key (log, index)) on commit drop');
  for (const { begin } of derivations) await begin?.(client);
  for (const row of logs) {
    const size = sizes.get(row.id) ?? 0;
    const opener = openerOf(row);
    for (let from = 0; from < size; from += PAGE) {
      const { rows } = await client.query<Row>(ENTRIES, [row.id, from, size]);
      await derivePage(client, derivations, await openPage(client, row, opener, rows));
      onProgress(row.name, from + rows.length, size);
    }
  }
  for (const { finish } of derivations) await finish?.(client);
  const reports: TableReport[] = [];
  for (const table of tables) reports.push(await table.compare());
  if (!check) for (const table of tables) await table.replace();
  return reports;
}

async function derivePage(client: PoolClient, derivations: readonly Derivation[], entries: readonly DerivedEntry[]): Promise<void> {
  for (const derivation of derivations) {
    const some = entries.filter(({ payload }) => derivation.types.includes(payload.type));
    if (some.length > 0) await derivation.derive(client, some);
  }
}

async function openPage(client: PoolClient, row: LogRow, opener: PayloadOpener, rows: readonly Row[]): Promise<DerivedEntry[]> {
  const opened: DerivedEntry[] = [];
  const absent: number[] = [];
  for (const { index, bytes, key, sealed, lost } of rows) {
    const entry = parseEntry(bytes);
    if (key === null || sealed === null) {
      if (!lost) absent.push(index);
      continue;
    }
    const payload = await open(opener, { index, key, sealed, commitment: entry.commitment });
    opened.push({ log: row.id, tenant: row.tenant, index, time: Date.parse(entry.time), payload: parsePayload(payload) as DerivedEntry['payload'] });
  }
  await client.query('insert into absent (log, index) select $1, unnest($2::bigint[])', [row.id, absent]);
  return opened;
}

async function open(opener: PayloadOpener, { index, key, sealed, commitment }: { index: number; key: number; sealed: Buffer; commitment: string }): Promise<string> {
  try {
    return Buffer.from((await opener.open(key, sealed, commitment)).payload).toString('utf8');
  } catch (error) {
    if (error instanceof VaultError) throw new RebuildError(`the payload of entry ${index} does not open (${error.code}): run "prediction-ledger fsck", and mend what it finds first`);
    throw error;
  }
}
