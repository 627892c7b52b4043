import type { Pool } from 'pg';
import type { Erasure, Receipt } from '../core/receipt.ts';
import { Problem } from '../http/problem.ts';
import { erasedBy } from '../ledger/erased-table.ts';
import type { Log } from '../ledger/log.ts';
import { receiptOf } from '../predictions/receipt.ts';
import { readRequest } from './request-table.ts';

/** What shows that an erasure was done, and from when on nothing brings back what it destroyed (docs/spec/certificate.md). */
export interface Certificate {
  type: 'prediction-ledger-erasure-certificate';
  v: 1;
  request: string;
  /** The key to verify it with is not to be had from here alone. */
  vkey: string;
  /** The receipt of the entry that erased, with the list that it commits to. */
  erasure: Erasure;
  /** Of each log that the one concerned succeeds: what the same entry erased there. */
  succession: { origin: string; indices: number[] }[];
  /** The epochs of keys that must have ended: then no backup opens what was erased. */
  irrecoverable: { from: string | null; pending: { origin: string; epoch: number }[] };
  /** Receipts of the entries of this log that ended those epochs. */
  ends: Receipt[];
  statement: string;
}

interface Body {
  keys: { id: number; epoch: number | null }[];
  succession: { origin: string; keys: { id: number; epoch: number | null }[] }[];
}

/** The certificate of an erasure, by its request. @throws Problem `not-found` */
export async function certificateOf(log: Log, request: string): Promise<Certificate> {
  const { pool } = log;
  const row = await readRequest(pool, log.row.id, request);
  if (row?.kind !== 'erasure' || row.state !== 'executed' || row.decisionIndex === null) throw new Problem('not-found', 'There is no such erasure.');
  const by = { log: log.row.id, index: row.decisionIndex };
  const receipt = await receiptOf(log, by.index);
  const { body } = JSON.parse(receipt.payload) as { body: Body };
  const succession = await Promise.all(
    body.succession.map(async ({ origin }) => ({ origin, indices: await erasedBy(pool, log.succession.find(({ row: each }) => each.origin === origin)?.row.id ?? -1, by) })),
  );
  const { places, ...irrecoverable } = await endOfEpochs(pool, log, body);
  return {
    type: 'prediction-ledger-erasure-certificate',
    v: 1,
    request,
    vkey: log.row.keys.at(-1)?.vkey ?? '',
    erasure: { ...receipt, indices: await erasedBy(pool, log.row.id, by) },
    succession,
    irrecoverable,
    ends: await Promise.all(places.map((index) => receiptOf(log, index))),
    statement:
      irrecoverable.from === null
        ? 'Erased. Irrecoverable once the pending key epochs have ended; until then a backup from before the erasure could be opened with keys that still exist.'
        : `Erased, irrecoverable from ${irrecoverable.from}: the keys that wrapped what was erased are destroyed, in backups too.`,
  };
}

async function endOfEpochs(pool: Pool, log: Log, { keys, succession }: Body): Promise<Certificate['irrecoverable'] & { places: number[] }> {
  const wanted = [{ origin: log.row.origin, keys }, ...succession].flatMap((part) => part.keys.map(({ epoch }) => ({ origin: part.origin, epoch: epoch ?? 0 })));
  const { rows } = await pool.query<{ origin: string; epoch: number; ended: Date | null; log: number | null; index: number | null }>(
    `select distinct w.origin, w.epoch, e.ended_log as log, e.ended_index as index, (convert_from(x.bytes, 'UTF8')::jsonb ->> 'time')::timestamptz as ended from unnest($1::text[], $2::int[]) as w(origin, epoch)
     join log l on l.origin = w.origin left join key_epoch e on e.log = l.id and e.number = w.epoch
     left join entry x on x.log = e.ended_log and x.index = e.ended_index`,
    [wanted.map(({ origin }) => origin), wanted.map(({ epoch }) => epoch)],
  );
  const pending = rows.filter(({ ended }) => ended === null).map(({ origin, epoch }) => ({ origin, epoch }));
  const ends = rows.flatMap(({ ended }) => ended?.getTime() ?? []);
  return { from: pending.length > 0 || ends.length === 0 ? null : new Date(Math.max(...ends)).toISOString(), pending, places: rows.flatMap((each) => (each.log === log.row.id ? (each.index ?? []) : [])) };
}
