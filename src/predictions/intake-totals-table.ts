import type { Pool } from 'pg';
import type { Log } from '../ledger/log.ts';
import { lastTotals } from '../ledger/totals-entry.ts';
import { INTAKE_TOTALS, noIntake, unsealedTotals, type IntakeSums, type ProducerTotals } from './intake-totals.ts';

/** Times in ms since 1970. A period belongs to the window in which it ends: after `from`, at or before `to`. */
export interface TotalsFilter {
  from: number | undefined;
  to: number | undefined;
  producer: string | undefined;
}

/** One sealed period, and the entry that proves it. */
export interface SealedPeriod {
  index: number;
  number: number;
  period: { from: string; to: string };
  entries: { from: number; to: number };
  producers: ProducerTotals[];
}

const WINDOW = `log = $1 and type = '${INTAKE_TOTALS}' and ($2::bigint is null or to_time > $2) and ($3::bigint is null or to_time <= $3)`;

/** The read model of what was sealed, and what is not sealed yet. */
export class IntakeTotalsTable {
  private readonly pool: Pool;

  constructor(pool: Pool) {
    this.pool = pool;
  }

  async sums(log: number, { from, to, producer }: TotalsFilter): Promise<IntakeSums> {
    const { rows } = await this.pool.query<Omit<IntakeSums, 'received'>>(
      `select coalesce(sum(accepted), 0)::bigint as accepted, coalesce(sum(refused), 0)::bigint as refused,
              coalesce(sum(quarantined), 0)::bigint as quarantined, coalesce(sum(duplicate), 0)::bigint as duplicate
       from intake_total where log = $1 and ($4::text is null or principal = $4)
         and number between (select min(number) from minute_totals where ${WINDOW}) and (select max(number) from minute_totals where ${WINDOW})`,
      [log, from ?? null, to ?? null, producer ?? null],
    );
    const sums = rows[0] ?? noIntake();
    return { received: sums.accepted + sums.refused + sums.quarantined + sums.duplicate, ...sums };
  }

  /**
   * A keyset page of sealed periods, oldest first, each with the producers that were asked for.
   *
   * @param cursor the number to go on from, itself included
   */
  async page(log: number, { from, to, producer }: TotalsFilter, cursor: number, limit: number): Promise<{ items: SealedPeriod[]; next: number | undefined }> {
    const { rows } = await this.pool.query<{ index: number; body: Omit<SealedPeriod, 'index'> }>(
      `select index, body from minute_totals t where ${WINDOW} and number >= $5
         and ($4::text is null or exists (select from intake_total i where i.log = $1 and i.principal = $4 and i.number = t.number))
       order by number limit $6`,
      [log, from ?? null, to ?? null, producer ?? null, cursor, limit + 1],
    );
    const items = rows.map(({ index, body: { number, period, entries, producers } }) => ({
      index, number, period, entries, producers: producers.filter(({ principal }) => producer === undefined || principal === producer),
    }));
    return { items: items.slice(0, limit), next: items[limit]?.number };
  }

  /** What came in since the last period that was sealed. */
  async unsealed(log: Log, producer: string | undefined): Promise<Omit<ProducerTotals, 'total'>[]> {
    const last = await lastTotals(this.pool, log.row.id, INTAKE_TOTALS);
    const { size } = await log.readHead();
    const { producers } = await unsealedTotals(this.pool, log.row.id, { fromIndex: last?.toIndex ?? 0, toIndex: size });
    return producers.filter(({ principal }) => producer === undefined || principal === producer).map(({ total: _total, ...news }) => news);
  }
}
