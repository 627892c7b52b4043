import type { Derivation } from '../ledger/derivation.ts';
import { predictionRow } from './prediction-row.ts';

/** What lists show of predictions and search finds them by. Of one whose payload was erased, what names it and its model stays. */
export const derivePredictions: Derivation = {
  tables: [
    { name: 'prediction', key: ['log', 'index'], says: ['id', 'time', 'model', 'version', 'deployment', 'outcome', 'principal', 'exceptions', 'request', 'parents', 'features', 'contract', 'purpose'] },
  ],
  types: ['prediction'],
  async derive(client, entries) {
    const rows = entries.map(({ log, index, time, payload: { body, principal, contract } }) => ({ log, index, time, ...predictionRow(body, principal, contract) }));
    await client.query(
      `insert into prediction (log, index, id, time, model, version, deployment, outcome, principal, exceptions, request, parents, features, contract, purpose)
       select log, index, id, time, model, version, deployment, outcome, principal, exceptions, request, parents, features, contract, purpose
         from jsonb_to_recordset($1::jsonb) as p(log integer, index bigint, id text, time bigint, model text, version text, deployment text, outcome text, principal text,
                                                 exceptions integer, request text, parents text[], features text[], contract text, purpose text)`,
      [JSON.stringify(rows)],
    );
  },
  async finish(client) {
    await client.query(
      `insert into prediction (log, index, id, time, model, version, deployment, outcome, principal, exceptions, contract, purpose)
       select log, index, id, time, model, version, deployment, null, principal, exceptions, contract, purpose from public.prediction join absent using (log, index)`,
    );
    // Rows from before a column have nothing in it, and whoever reads them knows that.
    for (const column of ['principal', 'contract']) {
      await client.query(`update prediction t set ${column} = null from public.prediction r where r.log = t.log and r.index = t.index and r.${column} is null`);
    }
    await client.query('update prediction t set purpose = null from public.prediction r where r.log = t.log and r.index = t.index and r.contract is null');
  },
};
