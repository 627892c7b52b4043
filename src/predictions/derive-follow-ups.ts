import type { Derivation } from '../ledger/derivation.ts';

const KINDS = { 'outcome-recorded': 'outcome', 'prediction-reviewed': 'review', 'prediction-corrected': 'correction', 'prediction-replayed': 'replay' } as const;

/** What was told of predictions after them. Of one whose payload was erased, what was known stays without its verdict. */
export const deriveFollowUps: Derivation = {
  tables: [{ name: 'follow_up', key: ['log', 'index'], says: ['kind', 'id', 'of_log', 'of_index', 'time', 'principal', 'verdict'] }],
  types: Object.keys(KINDS),
  async derive(client, entries) {
    const rows = entries.map(({ log, index, time, payload: { type, body, principal } }) => {
      const { log: origin, index: of } = body['prediction'] as { log: string; index: number };
      return { log, index, time, kind: KINDS[type as keyof typeof KINDS], id: body['id'], origin, of, principal, verdict: body['verdict'] ?? null };
    });
    await client.query(
      `insert into follow_up (log, index, kind, id, of_log, of_index, time, principal, verdict)
       select f.log, f.index, f.kind, f.id, l.id, f.of, f.time, f.principal, f.verdict
         from jsonb_to_recordset($1::jsonb) as f(log integer, index bigint, time bigint, kind text, id text, origin text, of bigint, principal text, verdict text)
         join public.log l on l.origin = f.origin on conflict do nothing`,
      [JSON.stringify(rows)],
    );
  },
  async finish(client) {
    await client.query(
      `insert into follow_up (log, index, kind, id, of_log, of_index, time, principal, verdict)
       select log, index, kind, id, of_log, of_index, time, principal, null from public.follow_up join absent using (log, index)`,
    );
  },
};
