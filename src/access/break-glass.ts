import type { Pool } from 'pg';
import { Problem } from '../http/problem.ts';
import { randomBytes } from '../vault/random-bytes.ts';
import { record } from './act.ts';
import type { Caller } from './caller.ts';
import type { CredentialPolicy } from './credential-policy.ts';

export interface BreakGlassRequest {
  reason: string;
  role: string;
  minutes: number;
}

/** An elevation as it is listed: who, into which role, until when, and whether another has looked at it. */
export interface BreakGlassRow {
  id: string;
  principal: string;
  role: string;
  rule: string;
  /** Index of the entry whose payload has the reason. */
  opening: number;
  opened: Date;
  expires: Date;
  reviewed: Date | null;
  reviewedBy: string | null;
  verdict: 'justified' | 'not-justified' | null;
}

const COLUMNS = 'id, principal, role, rule, opening, opened, expires, reviewed, reviewed_by as "reviewedBy", verdict';
const MAX_UNREVIEWED = 5;

/**
 * Gives the caller a further role for a time. The entry comes first; the reason stands in its payload alone.
 *
 * @throws Problem `forbidden`; AppendError
 */
export async function breakGlass(pool: Pool, policy: CredentialPolicy, caller: Caller, { reason, role, minutes }: BreakGlassRequest): Promise<BreakGlassRow> {
  if (caller.asker.elevation !== undefined) throw new Problem('forbidden', 'Who has a role for a time opens no further one by it.');
  if (caller.asker.actions !== undefined || caller.asker.models !== undefined) throw new Problem('forbidden', 'A key that is narrowed by a scope is not widened by an emergency.');
  const rule = policy.breakGlass(caller.role, role);
  if (rule === undefined) throw new Problem('forbidden', `No rule lets the role ${caller.role} take on that role.`);
  if (minutes > rule.maxMinutes) throw new Problem('forbidden', `The rule ${rule.id} gives ${rule.maxMinutes} minutes at most.`);
  const { tenant } = caller.log.row;
  const { rows: open } = await pool.query('select 1 from break_glass where tenant = $1 and principal = $2 and reviewed is null limit $3', [tenant, caller.principal, MAX_UNREVIEWED]);
  if (open.length === MAX_UNREVIEWED) throw new Problem('forbidden', `${MAX_UNREVIEWED} of this principal wait for their review: let another person look at them first.`);
  const id = `bg_${randomBytes(12).toString('hex')}`;
  const expires = new Date(Date.now() + minutes * 60_000).toISOString();
  const { index } = await record(caller.log, caller, { type: 'break-glass-opened', v: 1, body: { id, role, expires, reason } });
  const { rows } = await pool.query<BreakGlassRow>(
    `insert into break_glass (tenant, id, principal, role, rule, opening, expires) values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
    [tenant, id, caller.principal, role, rule.id, index, expires],
  );
  return rows[0] as BreakGlassRow;
}

/** A tenant's elevations, newest first; those that wait for a review alone, where that is asked. */
export async function listBreakGlass(pool: Pool, tenant: number, before: number | undefined, limit: number): Promise<BreakGlassRow[]> {
  const { rows } = await pool.query<BreakGlassRow>(
    `select ${COLUMNS} from break_glass where tenant = $1 and ($2::bigint is null or opening < $2) order by opening desc limit $3`,
    [tenant, before ?? null, limit],
  );
  return rows;
}

/** How many ended without anybody having looked at them: a finding. */
export async function countUnreviewed(pool: Pool, tenant: number): Promise<number> {
  const { rows } = await pool.query<{ count: number }>('select count(*) as count from break_glass where tenant = $1 and reviewed is null and expires < now()', [tenant]);
  return rows[0]?.count ?? 0;
}
