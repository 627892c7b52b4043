import type { Derivation } from '../ledger/derivation.ts';

/** Which entries say that somebody saw a prediction. The pages of a subject's report do not name theirs: what is known of them stays. */
export const deriveDisclosures: Derivation = {
  tables: [{ name: 'disclosure', key: ['log', 'index', 'by_log', 'by_index'], says: [] }],
  types: ['access-decision', 'detokenization', 'subject-report-issued'],
  async derive(client, entries) {
    const seen = entries.flatMap(({ log, index, payload: { type, body } }) => {
      const of = body['of'] as { log: string; index?: number } | null | undefined;
      const tells = type === 'access-decision' ? body['outcome'] === 'allow' || body['at'] !== null : (body['tokens'] as number) > 0;
      return type !== 'subject-report-issued' && of?.index !== undefined && tells ? [{ log: of.log, index: of.index, by: log, at: index }] : [];
    });
    await client.query(
      `insert into disclosure (log, index, by_log, by_index)
       select l.id, s.index, s.by, s.at from jsonb_to_recordset($1::jsonb) as s(log text, index bigint, by integer, at bigint) join public.log l on l.origin = s.log on conflict do nothing`,
      [JSON.stringify(seen)],
    );
    const reports = entries.filter(({ payload: { type } }) => type === 'subject-report-issued');
    if (reports.length === 0) return;
    await client.query('insert into disclosure select d.* from public.disclosure d where (by_log, by_index) in (select * from unnest($1::int[], $2::bigint[])) on conflict do nothing', [
      reports.map(({ log }) => log), reports.map(({ index }) => index),
    ]);
  },
};
