import type { Pool } from 'pg';
import { fromHex, toHex } from '../core/bytes.ts';
import { CoreError } from '../core/core-error.ts';
import { parseEntry, type Entry } from '../core/entry.ts';
import type { JsonValue } from '../core/json-value.ts';
import { LogVerifier, type LogPosition } from '../core/verify-log.ts';
import type { Log } from '../ledger/log.ts';
import { hmacHex } from '../vault/native-hmac.ts';
import type { Opening } from '../vault/opening.ts';
import type { Fact, FactPayload } from './fact.ts';

const PAGE = 200;

interface EntryRow {
  index: number;
  bytes: Buffer;
  key: number | null;
  sealed: Buffer | null;
  erased: boolean;
  lost: boolean;
}

const ROWS = `
select e.index, e.bytes, p.key, p.sealed, x.index is not null as erased,
  p.index is null and exists (select from recovery r where r.log = e.log and r.by_index is not null and r.from_index <= e.index and e.index < r.to_index and r.lost @> e.index) as lost
from entry e
left join payload p on p.log = e.log and p.index = e.index and p.index >= $2 and p.index < $3
left join erased x on x.log = e.log and x.index = e.index and x.index >= $2 and x.index < $3
where e.log = $1 and e.index >= $2 and e.index < $3 order by e.index`;

/** Where a reader stands, as JSON: to go on from later. */
export interface ReaderState {
  next: number;
  /** Undefined once the chain was found broken. */
  position: { hashes: string[]; prev: string; time: string } | null;
}

export const FIRST: ReaderState = { next: 0, position: { hashes: [], prev: '0'.repeat(64), time: '' } };

/**
 * Reads a log's entries in order and opens their payloads, a page at a time, and verifies chain, tree and commitments on
 * the way. Nothing of a payload is kept.
 */
export class FactReader {
  private readonly pool: Pool;
  private readonly log: Log;
  private readonly size: number;
  private next: number;
  private verifier: LogVerifier | undefined;

  /** @param size where to stop; the log holds so many */
  constructor(pool: Pool, log: Log, size: number, state: ReaderState) {
    this.pool = pool;
    this.log = log;
    this.size = size;
    this.next = state.next;
    const from = state.position === null ? undefined : positionOf(state.next, state.position);
    this.verifier = state.position === null ? undefined : new LogVerifier({ origin: log.row.origin, ...(state.next > 0 && { from }) });
  }

  get state(): ReaderState {
    const position = this.verifier?.position();
    return { next: this.next, position: position === undefined ? null : { hashes: position.hashes.map(toHex), prev: toHex(position.prev), time: position.time } };
  }

  /** The root of the tree of what was read, hex; undefined where the chain does not hold. */
  get root(): string | undefined {
    return this.verifier === undefined ? undefined : toHex(this.verifier.root());
  }

  /** The next page of facts; empty at the end. */
  async page(): Promise<Fact[]> {
    const to = Math.min(this.next + PAGE, this.size);
    if (this.next >= to) return [];
    const { rows } = await this.pool.query<EntryRow>({ name: 'read-facts', text: ROWS, values: [this.log.row.id, this.next, to] });
    if (rows.length !== to - this.next) throw new CoreError('bundle-malformed', `the database lacks entries between ${this.next} and ${to}`);
    const entries = rows.map(({ bytes }) => parseEntry(bytes));
    const openings = await this.open(rows, entries);
    const facts = rows.map((row, i) => this.factOf(row, entries[i] as Entry, openings[i])); // one each
    this.next = to;
    return facts;
  }

  private async open(rows: readonly EntryRow[], entries: readonly Entry[]): Promise<(Opening | undefined)[]> {
    const kept = rows.flatMap(({ key, sealed }, i) => (key === null || sealed === null ? [] : [{ i, key, sealed, commitment: (entries[i] as Entry).commitment }]));
    const opened = await this.log.vault.openAll(kept);
    const openings: (Opening | undefined)[] = rows.map(() => undefined);
    for (const [k, { i }] of kept.entries()) openings[i] = opened[k];
    // A key that went after its row was read went with an erasure, which says so by now.
    await this.look(rows.filter(({ sealed, erased }, i) => sealed !== null && !erased && openings[i] === undefined));
    return openings;
  }

  private async look(rows: readonly EntryRow[]): Promise<void> {
    if (rows.length === 0) return;
    const { rows: erased } = await this.pool.query<{ index: number }>('select index from erased where log = $1 and index = any($2::bigint[])', [this.log.row.id, rows.map(({ index }) => index)]);
    for (const row of rows) row.erased = erased.some(({ index }) => index === row.index);
  }

  private factOf(row: EntryRow, entry: Entry, opening: Opening | undefined): Fact {
    return factOf(entry, opening, row.erased ? 'erased' : row.lost ? 'lost' : 'missing', this.verify(row.bytes));
  }

  private verify(bytes: Buffer): Fact['fault'] {
    try {
      this.verifier?.add(bytes);
      return undefined;
    } catch (error) {
      if (!(error instanceof CoreError)) throw error;
      this.verifier = undefined;
      return { code: error.code, detail: error.message };
    }
  }
}

/** Reads one entry by its index, as a page would. Precondition: it is in the log. */
export async function readFact(pool: Pool, log: Log, index: number): Promise<Fact> {
  const reader = new FactReader(pool, log, index + 1, { next: index, position: null });
  const [fact] = await reader.page();
  if (fact === undefined) throw new CoreError('bundle-malformed', `the database lacks entry ${index}`);
  return fact;
}

function factOf(entry: Entry, opening: Opening | undefined, why: NonNullable<Fact['gone']>, fault: Fact['fault']): Fact {
  const { index, time: at, type, policy } = entry;
  const base = { index, at, time: Date.parse(at), type, policy, gone: opening === undefined ? why : undefined };
  if (opening === undefined) return { ...base, payload: undefined, fault: fault ?? (why !== 'missing' ? undefined : { code: 'payload-missing', detail: `the payload of entry ${index} is not there, and no entry erased it` }) };
  const matches = hmacHex(opening.salt, opening.payload) === entry.commitment;
  const payload = JSON.parse(Buffer.from(opening.payload.buffer, opening.payload.byteOffset, opening.payload.length).toString('utf8')) as FactPayload & { body: Record<string, JsonValue> };
  return { ...base, payload, fault: fault ?? (matches ? undefined : { code: 'commitment-mismatch', detail: `the payload of entry ${index} is not the one that it commits to` }) };
}

function positionOf(size: number, { hashes, prev, time }: NonNullable<ReaderState['position']>): LogPosition {
  return { size, hashes: hashes.map((hash) => fromHex(hash)), prev: fromHex(prev), time };
}
