import type { PoolClient } from 'pg';
import type { Sealing } from '../ledger/minute-sealing.ts';
import { draftTotals, lastTotals, nextTotals } from '../ledger/totals-entry.ts';

export const ACCESS_TOTALS = 'access-totals';

/** What is counted of accesses, and how the counts are named in an entry. */
const COUNTED = ['denied', 'unauthenticated', 'limited', 'listed'] as const;

/** More counts than fit one payload go on in the next entry, behind the last subject. */
const MAX_COUNTS = 1000;

interface Row {
  what: (typeof COUNTED)[number];
  subject: string;
  reason: string;
  count: number;
  sealed: number;
}

/** Seals what was counted of accesses since the last entry of this type (docs/spec/payloads.md). */
export async function sealAccessTotals(sealing: Sealing): Promise<void> {
  const { log, client } = sealing;
  for (;;) {
    const last = await lastTotals(client, log.row.id, ACCESS_TOTALS);
    const goesOn = last?.more === true;
    const { rows, more } = await unsealed(client, log.row.id, goesOn ? last.lastSubject : '');
    if (rows.length === 0 && !goesOn) return;
    const next = await nextTotals(sealing, last);
    const counts = rows.map(({ what, subject, reason, count, sealed }) => ({ what, subject, reason, count: count - sealed, total: count }));
    const sealed = rows.map(({ what, subject, reason, count }) => ({ what, subject, reason, sealed: count }));
    await log.append(draftTotals(log, { type: ACCESS_TOTALS, ...next, more, rest: { counts }, sealed }));
    if (!more) return;
  }
}

/** Whole subjects only, so that the next entry can go on behind the last one; one has fewer reasons than an entry has room. */
async function unsealed(client: Pick<PoolClient, 'query'>, log: number, after: string): Promise<{ rows: Row[]; more: boolean }> {
  const { rows } = await client.query<Row>(
    `select what, subject, reason, count, sealed from tally
      where log = $1 and what = any($2) and count > sealed and subject collate "C" > $3
      order by subject collate "C", what, reason limit $4`,
    [log, COUNTED, after, MAX_COUNTS + 1],
  );
  const more = rows.length > MAX_COUNTS;
  const cut = rows.at(-1)?.subject;
  return { rows: more ? rows.filter(({ subject }) => subject !== cut) : rows, more };
}
