import type { Pool } from 'pg';
import { Problem } from '../http/problem.ts';
import type { Caller } from './caller.ts';

/**
 * Two people, whatever the policy files say: neither the same principal, nor one whose key the other handed out.
 *
 * @param first opaque id of who asked for it, or handed it in
 * @throws Problem `forbidden`
 */
export async function requireAnother(pool: Pool, { principal, asker }: Pick<Caller, 'principal' | 'asker'>, first: string): Promise<void> {
  if (principal === first) throw new Problem('forbidden', 'Who asks for something does not agree to it.');
  const { rowCount } = await pool.query('select from api_key where tenant = $1 and principal = $2 and issued_by = $3', [asker.tenant, first, principal]);
  if (asker.issuedBy === first || rowCount !== 0) throw new Problem('forbidden', 'One of the two keys was issued by the holder of the other: let somebody else decide.');
}
