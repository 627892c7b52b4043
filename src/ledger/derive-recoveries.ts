import type { Derivation } from './derivation.ts';

/** What was brought back from copies, and what was lost. A recovery that no entry declares yet stays as it is. */
export const deriveRecoveries: Derivation = {
  tables: [{ name: 'recovery', key: ['log', 'from_index'], says: ['to_index', 'payloads', 'unconfirmed', 'lost', 'by_index'] }],
  types: ['log-recovered'],
  async derive(client, entries) {
    for (const { log, index, payload: { v, body } } of entries) {
      // Version 1 named no indices.
      if (v === 1) continue;
      const lost = (body['lost'] as [number, number][]).map(([from, past]) => `[${from},${past})`);
      await client.query(
        `insert into recovery (log, from_index, to_index, payloads, unconfirmed, lost, by_index) values ($1, $2, $3, $4, $5, $6::int8multirange, $7)
           on conflict (log, from_index) do nothing`,
        [log, body['from'], body['to'], body['payloads'], body['unconfirmed'], `{${lost.join(',')}}`, index],
      );
    }
  },
  async finish(client) {
    await client.query('insert into recovery select * from public.recovery where by_index is null on conflict (log, from_index) do nothing');
  },
};
