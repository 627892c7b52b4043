import type { PoolClient } from 'pg';
import type { JsonValue } from '../core/json-value.ts';
import type { Derivation, DerivedEntry } from './derivation.ts';

interface Body {
  number: number;
  period: { from: string; to: string };
  entries: { from: number; to: number };
  more: boolean;
  producers?: { principal: string; accepted: number; refused: number; quarantined: number; duplicate: number; reasons: Record<string, number>; total: Record<string, number> }[];
  counts?: { what: string; subject: string; reason: string; total: number }[];
}

/** A counter, and by how much an entry seals it further, or up to what. */
type Sealed = readonly [what: string, subject: string, reason: string, more: number, upTo: number];

/** What the minutes' totals come to, and up to where each counter is sealed. What is counted and not sealed yet stays as it is. */
export const deriveTotals: Derivation = {
  tables: [
    { name: 'minute_totals', key: ['log', 'type', 'number'], says: ['index', 'from_index', 'to_index', 'from_time', 'to_time', 'more', 'body'] },
    { name: 'intake_total', key: ['log', 'principal', 'number'], says: ['accepted', 'refused', 'quarantined', 'duplicate'] },
    { name: 'tally', key: ['log', 'what', 'subject', 'reason'], says: ['count', 'sealed'] },
  ],
  types: ['intake-totals', 'access-totals'],
  async derive(client, entries) {
    for (const entry of entries) await deriveOne(client, entry);
  },
  async finish(client) {
    await client.query(
      `insert into tally (log, what, subject, reason, count, sealed) select log, what, subject, reason, count, 0 from public.tally
         on conflict (log, what, subject, reason) do update set count = greatest(tally.sealed, excluded.count)`,
    );
  },
};

async function deriveOne(client: PoolClient, { log, index, payload: { type, body } }: DerivedEntry): Promise<void> {
  const { number, period, entries, more, producers = [], counts = [] } = body as unknown as Body;
  const { rowCount } = await client.query(
    `insert into minute_totals (log, type, number, index, from_index, to_index, from_time, to_time, more, body)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (log, type, number) do nothing`,
    [log, type, number, index, entries.from, entries.to, Date.parse(period.from), Date.parse(period.to), more, JSON.stringify(body as JsonValue)],
  );
  // Of two that bear one number, the first counts.
  if (rowCount === 0) return;
  if (type === 'intake-totals') {
    await client.query(
      `insert into intake_total (log, principal, number, accepted, refused, quarantined, duplicate)
       select $1, principal, $2, accepted, refused, quarantined, duplicate
         from jsonb_to_recordset($3::jsonb) as p(principal text, accepted bigint, refused bigint, quarantined bigint, duplicate bigint)`,
      [log, number, JSON.stringify(producers)],
    );
  }
  const sealed: Sealed[] = [
    ...producers.flatMap(({ principal, reasons, total }): Sealed[] => [
      ...(['accepted', 'quarantined', 'duplicate'] as const).flatMap((what): Sealed[] => ((total[what] ?? 0) > 0 ? [[what, principal, '', 0, total[what] ?? 0]] : [])),
      ...Object.entries(reasons).map(([reason, count]): Sealed => ['refused', principal, reason, count, 0]),
    ]),
    ...counts.map(({ what, subject, reason, total }): Sealed => [what, subject, reason, 0, total]),
  ];
  await client.query(
    `insert into tally (log, what, subject, reason, count, sealed)
     select $1, what, subject, reason, more + up, more + up from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[]) as n(what, subject, reason, more, up)
     on conflict (log, what, subject, reason) do update
       set sealed = case when excluded.what = 'refused' then tally.sealed + excluded.sealed else greatest(tally.sealed, excluded.sealed) end,
           count = case when excluded.what = 'refused' then tally.sealed + excluded.sealed else greatest(tally.sealed, excluded.sealed) end`,
    [log, sealed.map(([what]) => what), sealed.map(([, subject]) => subject), sealed.map(([, , reason]) => reason), sealed.map(([, , , some]) => some), sealed.map(([, , , , upTo]) => upTo)],
  );
}
