import type { Pool } from 'pg';
import { draftSystemEntry } from '../ledger/draft.ts';
import type { Log } from '../ledger/log.ts';
import { closeRequest, lockRequest } from './request-table.ts';

/** Ends a log's requests that nobody decided on in time, with an entry each; gives how many there were. @throws AppendError */
export async function expireRequests(pool: Pool, log: Log): Promise<number> {
  const { rows } = await pool.query<{ id: string }>("select id from request where log = $1 and state = 'pending' and expires <= now() order by number", [log.row.id]);
  for (const { id } of rows) {
    await log.appendWith(async (client, head) => {
      const request = await lockRequest(client, log.row.id, id);
      if (request?.state !== 'pending') throw new Error(`request ${id} was decided meanwhile`);
      await closeRequest(client, log.row.id, id, { state: 'expired', decider: null, index: head.size });
      return { drafts: [draftSystemEntry(log.vault, { type: 'request-expired', v: 1, body: { request: id, kind: request.kind } })] };
    });
  }
  return rows.length;
}
