import type { Pool, PoolClient } from 'pg';
import { concat, toHex } from '../core/bytes.ts';
import { CoreError } from '../core/core-error.ts';
import { TILE_HEIGHT, TILE_WIDTH } from '../core/tile.ts';
import { LogVerifier } from '../core/verify-log.ts';
import { parseEntry } from '../core/entry.ts';
import type { StoredCheckpoint } from './checkpoint-store.ts';
import type { EntryDraft, PredictionColumns } from './entry-draft.ts';
import { headFromRow, type Head, type HeadRow } from './head.ts';
import type { LogRow } from './log-row.ts';
import { insertRecovery, type Recovery } from './recovery-table.ts';

/** The surviving tail cannot be appended; nothing was changed. */
export class RecoveryError extends Error {
  override readonly name = 'RecoveryError';
}

/** What a receipt gives back of an entry: its sealed payload and its row in the read model. */
export interface RecoveredPayload {
  draft: Pick<EntryDraft, 'key' | 'ownKey' | 'sealed'>;
  /** The data subject of whom the payload is, where its own key is to bear that: 12 bytes. */
  subject?: Uint8Array | undefined;
  /** Whether a retry of what was posted can be told from other content by its digest. */
  confirmed: boolean;
  /** Its row of the read model, beside its place and time. */
  prediction: (Pick<PredictionColumns, 'id' | 'model' | 'version'> & RecoveredColumns) | undefined;
}

/** Null where there is nothing. */
export type RecoveredColumns = Record<'deployment' | 'outcome' | 'principal' | 'request' | 'contract' | 'purpose', string | null> & { exceptions: number | null; parents: string[] | null; features: string[] | null };

export interface RecoverTailOptions {
  /** Connections as the tables' owner. */
  owner: Pool;
  row: LogRow;
  stored: StoredCheckpoint;
  /** Entries `from` up to, not including, `to` of a copy of the log. It is not trusted. */
  readEntries: (from: number, to: number) => Promise<Uint8Array[]>;
  /** The payload of an entry, where a receipt of it survives. */
  payloadOf: (index: number, entry: Uint8Array) => Promise<RecoveredPayload | undefined>;
  onProgress: (done: number, total: number) => void;
}

/** What was brought back: entries `from` up to, not including, `to`, so many with their payloads. */
export type Recovered = Omit<Recovery, 'by' | 'lost'>;

/** So many ranges are declared by one entry: they fit its payload, whatever the indices. */
const MAX_RANGES = 4000;

/**
 * Appends the entries that a signed checkpoint covers and the database lost, from any copy of the log: they are taken
 * only if they make exactly the root that was signed, in one transaction.
 *
 * @throws RecoveryError
 */
export async function recoverTail(options: RecoverTailOptions): Promise<Recovered> {
  const client = await options.owner.connect();
  try {
    await client.query('begin');
    const recovered = await appendTail(client, options);
    await client.query('commit');
    return recovered;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error instanceof CoreError ? new RecoveryError(`the copy’s tail does not belong to this log: ${error.message}`) : error;
  } finally {
    client.release();
  }
}

async function appendTail(client: PoolClient, options: RecoverTailOptions): Promise<Recovered> {
  const { row, stored, readEntries, payloadOf, onProgress } = options;
  const { rows } = await client.query<HeadRow>('select * from log_head where log = $1 for update', [row.id]);
  if (rows[0] === undefined) throw new RecoveryError(`log ${row.name} has no head`);
  const head = headFromRow(rows[0]);
  if (head.size >= stored.size) throw new RecoveryError(`log ${row.name} lacks no tail: it holds ${head.size} entries, ${stored.size} were signed`);
  const tail = new TailWriter(client, row.id);
  const verifier = new LogVerifier({ origin: row.origin, from: positionOf(head), onNode: tail.onNode });
  const tally = new RecoveryTally(head.size);
  let policy = '';
  while (verifier.size < stored.size) {
    const from = verifier.size;
    const entries = await readEntries(from, Math.min(stored.size, (Math.floor(from / TILE_WIDTH) + 1) * TILE_WIDTH));
    if (entries.length === 0) throw new RecoveryError(`the copy ends at ${from} entries; ${stored.size} were signed`);
    for (const [i, bytes] of entries.entries()) {
      verifier.add(bytes);
      const { policy: named, time } = parseEntry(bytes);
      policy = named;
      const payload = await payloadOf(from + i, bytes);
      tally.add(from + i, payload);
      await tail.write(from + i, bytes, Date.parse(time), payload);
    }
    await tail.writeTiles();
    onProgress(verifier.size - head.size, stored.size - head.size);
  }
  if (toHex(verifier.root()) !== stored.root) throw new RecoveryError('the copy’s tail does not make the root that was signed');
  const { hashes, prev, time } = verifier.position();
  await client.query('update log_head set size = $2, head = $3, frontier = $4, time = $5, policy = $6 where log = $1', [
    row.id, stored.size, Buffer.from(prev), Buffer.from(concat(...hashes)), Date.parse(time), Buffer.from(policy, 'hex'),
  ]);
  const stretches = tally.finish(stored.size);
  for (const stretch of stretches) await insertRecovery(client, row.id, stretch);
  const sum = (of: (stretch: Recovered) => number): number => stretches.reduce((total, each) => total + of(each), 0);
  return { from: head.size, to: stored.size, payloads: sum((each) => each.payloads), unconfirmed: sum((each) => each.unconfirmed) };
}

/** Counts what comes back, and notes by ranges what does not, in stretches that one entry can declare. */
class RecoveryTally {
  private readonly done: Omit<Recovery, 'by'>[] = [];
  private from: number;
  private payloads = 0;
  private unconfirmed = 0;
  private lost: [number, number][] = [];

  constructor(from: number) {
    this.from = from;
  }

  add(index: number, payload: RecoveredPayload | undefined): void {
    if (payload !== undefined) {
      this.payloads += 1;
      if (!payload.confirmed) this.unconfirmed += 1;
      return;
    }
    const last = this.lost.at(-1);
    if (last?.[1] === index) {
      last[1] = index + 1;
      return;
    }
    if (this.lost.length === MAX_RANGES) this.close(index);
    this.lost.push([index, index + 1]);
  }

  finish(to: number): readonly Omit<Recovery, 'by'>[] {
    this.close(to);
    return this.done;
  }

  private close(to: number): void {
    const { from, payloads, unconfirmed, lost } = this;
    this.done.push({ from, to, payloads, unconfirmed, lost });
    [this.from, this.payloads, this.unconfirmed, this.lost] = [to, 0, 0, []];
  }
}

function positionOf(head: Head): { size: number; hashes: readonly Uint8Array[]; prev: Uint8Array; time: string } {
  return { size: head.size, hashes: head.range.hashes, prev: head.hash, time: head.size === 0 ? '' : new Date(head.time).toISOString() };
}

/** Writes the tail's rows, and the tiles that it fills. */
class TailWriter {
  private readonly client: PoolClient;
  private readonly log: number;
  private full: { level: number; index: number; root: Uint8Array }[] = [];

  constructor(client: PoolClient, log: number) {
    this.client = client;
    this.log = log;
  }

  readonly onNode = (level: number, index: number, hash: Uint8Array): void => {
    if (level > 0 && level % TILE_HEIGHT === 0) this.full.push({ level: level / TILE_HEIGHT - 1, index, root: hash.slice() });
  };

  async write(index: number, bytes: Uint8Array, time: number, payload: RecoveredPayload | undefined): Promise<void> {
    await this.client.query({ name: 'tail-entry', text: 'insert into entry (log, index, bytes) values ($1, $2, $3)', values: [this.log, index, Buffer.from(bytes)] });
    if (payload === undefined) return;
    const { draft, prediction, subject } = payload;
    const { key, ownKey } = draft;
    if (ownKey !== undefined) {
      await this.client.query('insert into data_key (id, log, epoch, wrapped, subject) values ($1, $2, $3, $4, $5)', [
        key, this.log, ownKey.epoch, Buffer.from(ownKey.wrapped), subject === undefined ? null : Buffer.from(subject),
      ]);
    }
    await this.client.query('insert into payload (log, index, key, sealed) values ($1, $2, $3, $4)', [this.log, index, key, Buffer.from(draft.sealed)]);
    if (prediction === undefined) return;
    await this.client.query('insert into prediction (log, index, id, time, model, version, deployment, outcome, principal, exceptions, request, parents, features, contract, purpose) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)', [
      this.log, index, prediction.id, time, prediction.model, prediction.version, prediction.deployment, prediction.outcome, prediction.principal, prediction.exceptions,
      prediction.request, prediction.parents, prediction.features, prediction.contract, prediction.purpose,
    ]);
  }

  /** From what stands in this very transaction: leaf hashes of the entries, roots of the tiles below. */
  async writeTiles(): Promise<void> {
    for (const { level, index, root } of this.full) {
      const from = index * TILE_WIDTH;
      const { rows } = await this.client.query<{ hash: Buffer }>(
        level === 0
          ? `select sha256('\\x00'::bytea || bytes) as hash from entry where log = $1 and index >= $2 and index < $3 order by index`
          : 'select root as hash from tile where log = $1 and level = $4 and index >= $2 and index < $3 order by index',
        level === 0 ? [this.log, from, from + TILE_WIDTH] : [this.log, from, from + TILE_WIDTH, level - 1],
      );
      await this.client.query('insert into tile (log, level, index, root, hashes) values ($1, $2, $3, $4, $5)', [
        this.log, level, index, Buffer.from(root), Buffer.concat(rows.map(({ hash }) => hash)),
      ]);
    }
    this.full = [];
  }
}
