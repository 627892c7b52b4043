import type { Derivation } from '../ledger/derivation.ts';
import { predictionRow } from './prediction-row.ts';

/** What lists show of predictions and search finds them by. Of one whose payload was erased, what names it and its model stays. */
export const derivePredictions: Derivation = {
  tables: [
    { name: 'prediction', key: ['log', 'index'], says: ['id', 'time', 'model', 'version', 'deployment', 'outcome', 'principal', 'exceptions', 'request', 'parents', 'features'] },
  ],
  types: ['prediction'],
  async derive(client, entries) {
    const rows = entries.map(({ log, index, time, payload: { body, principal } }) => ({ log, index, time, ...predictionRow(body, principal) }));
    await client.query(
      `insert into prediction (log, index, id, time, model, version, deployment, outcome, principal, exceptions, request, parents, features)
       select log, index, id, time, model, version, deployment, outcome, principal, exceptions, request, parents, features
         from jsonb_to_recordset($1::jsonb) as p(log integer, index bigint, id text, time bigint, model text, version text, deployment text, outcome text, principal text,
                                                 exceptions integer, request text, parents text[], features text[])`,
      [JSON.stringify(rows)],
    );
  },
  async finish(client) {
    await client.query(
      `insert into prediction (log, index, id, time, model, version, deployment, outcome, principal, exceptions)
       select log, index, id, time, model, version, deployment, null, principal, exceptions from public.prediction join absent using (log, index)`,
    );
    // Rows from before a column have nothing in it, and whoever reads them knows that.
    await client.query('update prediction t set principal = null from public.prediction r where r.log = t.log and r.index = t.index and r.principal is null');
  },
};
