import { draftSystemEntry } from '../ledger/draft.ts';
import type { Sealing } from '../ledger/minute-sealing.ts';

/** The head stays locked while so many go, and one entry names them. */
const MAX_AT_ONCE = 500;

const IS_DUE = "select from quarantine where log = any($1::int[]) and state = 'held' and expires <= clock_timestamp() limit 1";

/** Thrown where another replica has done it. */
const NOTHING_DUE = new Error('nothing is due');

/** Deletes what has been in quarantine for as long as its contract says, of a log and of those that it succeeds. */
export async function expireQuarantine({ log, client }: Sealing): Promise<void> {
  const logs = log.succession.map(({ row }) => row.id);
  while ((await client.query(IS_DUE, [logs])).rowCount === 1) {
    try {
      await log.appendWith(async (transaction, head) => {
        const { rows } = await transaction.query<{ id: string }>('select expire_quarantine($1::int[], $2, $3, $4) as id', [logs, log.row.id, head.size, MAX_AT_ONCE]);
        if (rows.length === 0) throw NOTHING_DUE;
        const body = { count: rows.length, quarantine: rows.map(({ id }) => id) };
        return { drafts: [draftSystemEntry(log.vault, { type: 'quarantine-expired', v: 1, body })] };
      });
    } catch (error) {
      if (error !== NOTHING_DUE) throw error;
    }
  }
}
