import type { Log } from '../ledger/log.ts';
import type { Sealing } from '../ledger/minute-sealing.ts';
import { draftAct } from './act.ts';
import { decisionAct, type Asking, type DecisionBody } from './access-trail.ts';

/** One sealing makes entries of so many at a time. */
const MAX_AT_ONCE = 500;

interface HeldRow {
  log: number;
  id: number;
  at: number;
  principal: string;
  rule: string;
  body: DecisionBody;
}

/** Decisions on a log that has stopped: kept durably, and made entries when its tenant has a log again. */
export class HeldDecisions {
  /** Resolves when it is committed. */
  async hold({ pool, row: { id: log } }: Log, { principal, rule }: Asking, body: DecisionBody): Promise<void> {
    await pool.query('insert into held_decision (log, at, principal, rule, body) values ($1, $2, $3, $4, $5)', [log, Date.now(), principal, rule, JSON.stringify(body)]);
  }
}

/** Makes entries of what is held for a log and for those that it succeeds. */
export async function sealHeldDecisions({ log, client }: Sealing): Promise<void> {
  for (;;) {
    const { rows } = await client.query<HeldRow>(
      'select log, id, at, principal, rule, body from held_decision where log = any($1::int[]) and index is null order by log, id limit $2',
      [log.succession.map(({ row }) => row.id), MAX_AT_ONCE],
    );
    await Promise.all(
      rows.map(({ principal, rule, body, at, ...held }) =>
        log.append({
          ...draftAct(log, { principal, rule }, decisionAct({ ...body, at: new Date(at).toISOString() })),
          also: { text: 'select release_decision($1::int, $2::bigint, $3::int, $4::bigint)', values: [held.log, held.id] },
        }),
      ),
    );
    if (rows.length < MAX_AT_ONCE) return;
  }
}
