import type { Derivation } from '../ledger/derivation.ts';

const STATES = { 'quarantine-released': 'released', 'quarantine-rejected': 'rejected', 'quarantine-expired': 'expired' } as const;

/** What became of records in quarantine. That they came stands in no entry: rows are neither made nor taken away here. */
export const deriveQuarantine: Derivation = {
  tables: [{ name: 'quarantine', key: ['log', 'id'], says: ['state', 'decider', 'by_log', 'by_index', 'key', 'sealed'] }],
  types: Object.keys(STATES),
  async begin(client) {
    // What no entry settled is held for as long as its key is there.
    await client.query(
      `insert into quarantine overriding system value
       select q.log, q.id, number, case when k.id is null then 'erased' else 'held' end, prediction, model, version, principal, rule, contract, reasons, received, expires,
              k.id, case when k.id is null then null else sealed end, null, null, null
         from public.quarantine q left join lateral (select d.id from public.data_key d where d.id = q.key and d.log = q.log) k on true`,
    );
  },
  async derive(client, entries) {
    for (const { log, index, payload: { type, principal, body } } of entries) {
      const state = STATES[type as keyof typeof STATES];
      const ids = type === 'quarantine-expired' ? body['quarantine'] : [body['quarantine']];
      await client.query(
        'update quarantine set state = $3, decider = $4, by_log = $1, by_index = $2, key = null, sealed = null where id = any($5::text[])',
        [log, index, state, state === 'expired' ? null : principal, ids],
      );
    }
  },
};
