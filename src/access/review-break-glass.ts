import type { Pool } from 'pg';
import { inTransaction } from '../database/in-transaction.ts';
import { Problem } from '../http/problem.ts';
import { record } from './act.ts';
import type { BreakGlassRow } from './break-glass.ts';
import type { Caller } from './caller.ts';

export interface Review {
  verdict: 'justified' | 'not-justified';
  comment?: string;
}

/**
 * Another person's word on an elevation. Another is who neither opened it, nor issued the opener's credential, nor had
 * theirs issued by the opener.
 *
 * @throws Problem `not-found`, `forbidden`, `credential-ended`; AppendError
 */
export async function reviewBreakGlass(pool: Pool, caller: Caller, id: string, { verdict, comment }: Review): Promise<object> {
  const { tenant } = caller.log.row;
  if (!/^bg_[0-9a-f]{24}$/.test(id)) throw notThere(caller);
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<BreakGlassRow & { issuers: string[] }>(
      `select id, principal, opening, opened, reviewed, (select coalesce(array_agg(issued_by), '{}') from api_key k where k.tenant = b.tenant and k.principal = b.principal) as issuers
         from break_glass b where tenant = $1 and id = $2 for update`,
      [tenant, id],
    );
    const [row] = rows;
    if (row === undefined) throw notThere(caller);
    caller.decide({ requester: row.principal, time: row.opened.getTime() });
    if (row.principal === caller.principal || row.principal === caller.asker.issuedBy || row.issuers.includes(caller.principal)) {
      throw new Problem('forbidden', 'Another person is to look at it: not who opened it, nor whose credentials one of you issued to the other.');
    }
    if (row.reviewed !== null) throw new Problem('credential-ended', 'It was reviewed already.');
    const { index } = await record(caller.log, caller, { type: 'break-glass-reviewed', v: 1, body: { id, opened: row.opening, verdict, comment: comment ?? null } });
    await client.query('update break_glass set reviewed = now(), reviewed_by = $3, verdict = $4, review = $5 where tenant = $1 and id = $2', [tenant, id, caller.principal, verdict, index]);
    return { id, verdict, review: index };
  });
}

function notThere(caller: Caller): Problem {
  // One who asks for nothing is told of nothing.
  caller.decideLater();
  return new Problem('not-found', 'There is no such break-glass.');
}
