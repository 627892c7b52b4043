import type { Derivation } from './derivation.ts';

/** From which entry on which policy bundle governs. */
export const deriveActivations: Derivation = {
  tables: [{ name: 'policy_activation', key: ['log', 'index'], says: ['digest'] }],
  types: ['policy-activated'],
  async derive(client, entries) {
    const rows = entries.map(({ log, index, payload: { body } }) => ({ log, index, digest: body['digest'] }));
    await client.query(
      `insert into policy_activation (log, index, digest) select log, index, decode(digest, 'hex') from jsonb_to_recordset($1::jsonb) as a(log integer, index bigint, digest text)`,
      [JSON.stringify(rows)],
    );
  },
};
