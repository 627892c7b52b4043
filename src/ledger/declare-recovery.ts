import type { Pool } from 'pg';
import { draftSystemEntry } from './draft.ts';
import type { Log } from './log.ts';
import { readRecoveries } from './recovery-table.ts';

/** Thrown within a transaction that finds its work done by another replica. */
const DECLARED = new Error('the recovery is declared already');

/**
 * Says by entries what was brought back and which payloads were lost with the tail, where that is still to be said: one
 * entry a stretch, named by the row that it declares in the same transaction. A crash before it leaves it to the next start.
 *
 * @throws AppendError
 */
export async function declareRecoveries(pool: Pool, log: Log): Promise<void> {
  for (const { from, to, payloads, unconfirmed, lost } of await readRecoveries(pool, log.row.id, 'undeclared')) {
    const declared = log.appendWith(async (client, head) => {
      const { rows } = await client.query<{ declared: boolean }>('select declare_recovery($1, $2, $3) as declared', [log.row.id, from, head.size]);
      if (rows[0]?.declared !== true) throw DECLARED;
      const body = { from, to, payloads, unconfirmed, lost: lost.map(([first, past]) => [first, past]) };
      return { drafts: [draftSystemEntry(log.vault, { type: 'log-recovered', v: 2, body })] };
    });
    await declared.catch((error: unknown) => {
      if (error !== DECLARED) throw error;
    });
  }
}
