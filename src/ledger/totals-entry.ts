import type { PoolClient } from 'pg';
import type { JsonValue } from '../core/json-value.ts';
import { parseEntry } from '../core/entry.ts';
import { draftSystemEntry } from './draft.ts';
import type { EntryDraft } from './entry-draft.ts';
import type { Log } from './log.ts';
import type { Sealing } from './minute-sealing.ts';

/** Where a log's last entry of a type of totals stands, and what it spoke of. Times are ms since 1970. */
export interface LastTotals {
  number: number;
  index: number;
  fromIndex: number;
  toIndex: number;
  fromTime: number;
  toTime: number;
  /** Whether the same period goes on in the next entry, behind `lastSubject`. */
  more: boolean;
  /** Whom it spoke of last; empty when of nobody. */
  lastSubject: string;
}

/** A counter, and what an entry says it has come to. */
export interface SealedCount {
  what: string;
  subject: string;
  reason: string;
  sealed: number;
}

/** What a totals entry says, whatever it counts. */
export interface Totals {
  type: string;
  number: number;
  previous: number | null;
  fromIndex: number;
  toIndex: number;
  fromTime: number;
  toTime: number;
  more: boolean;
  /** The members of the body beside these. */
  rest: { [name: string]: JsonValue };
  sealed: readonly SealedCount[];
}

const LAST = `
select number, index, from_index as "fromIndex", to_index as "toIndex", from_time as "fromTime", to_time as "toTime", more,
       coalesce(body -> 'producers' -> -1 ->> 'principal', body -> 'counts' -> -1 ->> 'subject', '') as "lastSubject"
from minute_totals where log = $1 and type = $2 order by number desc limit 1`;

/** The last entry of that type; undefined before the first. */
export async function lastTotals(client: Pick<PoolClient, 'query'>, log: number, type: string): Promise<LastTotals | undefined> {
  const { rows } = await client.query<LastTotals>(LAST, [log, type]);
  return rows[0];
}

/**
 * The number, the place and the period of the next entry. What more than one entry is needed for goes on where the last
 * one ended; otherwise a period begins where the last one ended, or where all was seen to be sealed.
 */
export async function nextTotals({ log, now, checked }: Sealing, last: LastTotals | undefined): Promise<Omit<Totals, 'type' | 'more' | 'rest' | 'sealed'>> {
  if (last === undefined) {
    const fromTime = checked ?? (await openedAt(log));
    return { number: 1, previous: null, fromIndex: 0, toIndex: (await log.readHead()).size, fromTime, toTime: Math.max(now, fromTime) };
  }
  const { number, index } = last;
  const next = { number: number + 1, previous: index };
  if (last.more) return { ...next, fromIndex: last.fromIndex, toIndex: last.toIndex, fromTime: last.fromTime, toTime: last.toTime };
  const fromTime = Math.max(last.toTime, checked ?? 0);
  return { ...next, fromIndex: last.toIndex, toIndex: (await log.readHead()).size, fromTime, toTime: Math.max(now, fromTime) };
}

/** The entry, and with it its row in the read model and what is sealed of each counter. */
export function draftTotals(log: Log, totals: Totals): EntryDraft {
  const { type, number, previous, fromIndex, toIndex, fromTime, toTime, more, rest, sealed } = totals;
  const period = { from: new Date(fromTime).toISOString(), to: new Date(toTime).toISOString() };
  const body = { number, previous, period, entries: { from: fromIndex, to: toIndex }, more, ...rest };
  const column = (of: (count: SealedCount) => string | number): (string | number)[] => sealed.map(of);
  return {
    ...draftSystemEntry(log.vault, { type, v: 1, body }),
    also: {
      text: 'select seal_tallies($1::int, $2::bigint, $3, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::bool, $10::jsonb, $11::text[], $12::text[], $13::text[], $14::bigint[])',
      values: [
        type, number, fromIndex, toIndex, fromTime, toTime, more, JSON.stringify(body),
        column(({ what }) => what), column(({ subject }) => subject), column(({ reason }) => reason), column((count) => count.sealed),
      ],
    },
  };
}

async function openedAt(log: Log): Promise<number> {
  const first = await log.readEntry(0);
  return first === undefined ? 0 : Date.parse(parseEntry(first).time);
}
