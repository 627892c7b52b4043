import type { Pool } from 'pg';
import { Problem } from '../http/problem.ts';
import { record } from './act.ts';
import type { Caller } from './caller.ts';
import type { RevocationReason } from './revoke-key.ts';

/** A person as listed: the principal, and nothing that says who it is. */
export interface PersonRow {
  principal: string;
  provider: string;
  created: Date;
  revoked: Date | null;
}

/** A tenant's people in the order of their random ids, from behind a cursor on. */
export async function listPeople(pool: Pool, tenant: number, after: string | undefined, limit: number): Promise<PersonRow[]> {
  const { rows } = await pool.query<PersonRow>(
    'select principal, provider, created, revoked from person where tenant = $1 and ($2::text is null or principal > $2) order by principal limit $3',
    [tenant, after ?? null, limit],
  );
  return rows;
}

/**
 * Locks a person out: here at once, on every replica within 5 s. As with keys, the row comes before the entry.
 *
 * @throws Problem `not-found`; AppendError, and the person is locked out then
 */
export async function revokePerson(pool: Pool, caller: Caller, principal: string, reason: RevocationReason): Promise<PersonRow> {
  const { tenant } = caller.log.row;
  const { rows } = await pool.query<PersonRow & { revocation: number | null }>(
    `update person set revoked = coalesce(revoked, now()) where tenant = $1 and principal = $2
     returning principal, provider, created, revoked, revocation`,
    [tenant, principal],
  );
  const [row] = rows;
  if (row === undefined) throw new Problem('not-found', 'There is no such person.');
  const { revocation, ...person } = row;
  if (revocation === null) {
    const { index } = await record(caller.log, caller, { type: 'person-revoked', v: 1, body: { principal, reason } });
    await pool.query('update person set revocation = $3 where tenant = $1 and principal = $2', [tenant, principal, index]);
  }
  return person;
}
