import type { PoolClient } from 'pg';
import type { Sealing } from '../ledger/minute-sealing.ts';
import { draftTotals, lastTotals, nextTotals, type SealedCount } from '../ledger/totals-entry.ts';

export const INTAKE_TOTALS = 'intake-totals';

/** What became of records: received = accepted + refused + quarantined + duplicate. */
export type IntakeSums = Record<'received' | 'accepted' | 'refused' | 'quarantined' | 'duplicate', number>;

/** One producer's part of an entry: what came in its period, and since the log began. */
export type ProducerTotals = IntakeSums & {
  principal: string;
  /** Refusals by code. */
  reasons: Record<string, number>;
  total: IntakeSums;
};

/** More producers than fit one payload go on in the next entry. */
const MAX_PRODUCERS = 300;

interface CounterRow {
  principal: string;
  what: keyof IntakeSums | null;
  reason: string;
  count: number;
  sealed: number;
  /** Predictions in the range of entries that was asked for. */
  taken: number;
}

const UNSEALED = `
with taken as (
  select principal, count(*) as n from prediction
   where log = $1 and index >= $2 and index < $3 and principal collate "C" > $4 group by principal
), counted as (
  select subject, what, reason, count, sealed from tally
   where log = $1 and what in ('accepted', 'refused', 'quarantined', 'duplicate') and subject collate "C" > $4
), active as (
  select principal collate "C" as principal from taken union select subject from counted where count > sealed order by 1 limit $5
)
select a.principal, c.what, c.reason, c.count, c.sealed, coalesce(t.n, 0) as taken
from active a left join counted c on c.subject = a.principal left join taken t on t.principal = a.principal
order by a.principal, c.what, c.reason`;

/** Seals what each producer's records came to since the last entry of this type (docs/spec/payloads.md). */
export async function sealIntakeTotals(sealing: Sealing): Promise<void> {
  const { log, client } = sealing;
  for (;;) {
    const last = await lastTotals(client, log.row.id, INTAKE_TOTALS);
    const next = await nextTotals(sealing, last);
    const goesOn = last?.more === true;
    const { producers, sealed, more } = await unsealedTotals(client, log.row.id, next, goesOn ? last.lastSubject : '');
    if (producers.length === 0 && !goesOn) return;
    await log.append(draftTotals(log, { type: INTAKE_TOTALS, ...next, more, rest: { producers }, sealed }));
    if (!more) return;
  }
}

/**
 * What is counted and not sealed, by producer in order.
 *
 * @param after leaves out the producers up to this one
 */
export async function unsealedTotals(
  client: Pick<PoolClient, 'query'>,
  log: number,
  entries: { fromIndex: number; toIndex: number },
  after = '',
): Promise<{ producers: ProducerTotals[]; sealed: SealedCount[]; more: boolean }> {
  const { rows } = await client.query<CounterRow>(UNSEALED, [log, entries.fromIndex, entries.toIndex, after, MAX_PRODUCERS + 1]);
  const byPrincipal = new Map<string, CounterRow[]>();
  for (const row of rows) byPrincipal.set(row.principal, [...(byPrincipal.get(row.principal) ?? []), row]);
  const all = [...byPrincipal].map(([principal, counters]) => totalsOf(principal, counters));
  const kept = all.slice(0, MAX_PRODUCERS);
  return { producers: kept.map(({ totals }) => totals), sealed: kept.flatMap(({ sealed }) => sealed), more: all.length > kept.length };
}

export function noIntake(): IntakeSums {
  return { received: 0, accepted: 0, refused: 0, quarantined: 0, duplicate: 0 };
}

function totalsOf(principal: string, counters: readonly CounterRow[]): { totals: ProducerTotals; sealed: SealedCount[] } {
  const sums = noIntake();
  const total = noIntake();
  const reasons: Record<string, number> = {};
  const sealed: SealedCount[] = [];
  const count = (what: keyof IntakeSums, reason: string, news: number, before: number): void => {
    for (const name of [what, 'received'] as const) {
      sums[name] += news;
      total[name] += before + news;
    }
    if (news === 0) return;
    if (what === 'refused') reasons[reason] = news;
    sealed.push({ what, subject: principal, reason, sealed: before + news });
  };
  // The log itself counts what was accepted; its counter says up to where that is sealed.
  const taken = counters[0]?.taken ?? 0;
  const accepted = counters.find(({ what }) => what === 'accepted');
  count('accepted', '', taken, accepted?.sealed ?? 0);
  for (const { what, reason, count: counted, sealed: before } of counters) {
    if (what !== null && what !== 'accepted') count(what, reason, counted - before, before);
  }
  return { totals: { principal, ...sums, reasons, total }, sealed };
}
