import type { Pool } from 'pg';
import type { FailureReason } from './authentication-failures.ts';
import type { Action } from './catalogue.ts';
import type { Elevation, Principal } from './principal.ts';

/** A credential that is good now. */
export interface Credential {
  principal: Principal;
  /** How long it is good yet, and every elevation with it, in ms; Infinity where nothing ends. */
  lastsMs: number;
}

/** One that is not. */
export interface Refusal {
  /** Of a credential that exists, or the name of the identity provider; '' where neither is known. */
  prefix: string;
  reason: FailureReason;
  /** Whose credential it is, where it exists. */
  tenant?: number;
}

interface Row {
  id: string;
  tenant: number;
  role: string;
  prefix: string;
  issued_by: string;
  actions: Action[] | null;
  models: string[] | null;
  revoked: boolean;
  lasts: number | null;
  stale: boolean;
  elevations: Elevation[] | null;
  elevated: number | null;
}

// Times are compared on PostgreSQL's clock alone: replicas agree on what has expired.
const FIND = `
select k.principal as id, k.tenant, k.role, k.prefix, k.issued_by, k.actions, k.models, k.revoked is not null as revoked,
       (extract(epoch from k.expires - now()) * 1000)::float8 as lasts,
       k.last_used is null or k.last_used < now() - interval '1 minute' as stale,
       b.elevations, b.elevated
  from api_key k
  left join lateral (
    select json_agg(json_build_object('id', id, 'role', role, 'until', (extract(epoch from expires) * 1000)::float8)) as elevations,
           (extract(epoch from min(expires) - now()) * 1000)::float8 as elevated
      from break_glass where tenant = k.tenant and principal = k.principal and expires > now()
  ) b on true
 where k.digest = $1`;

const TOUCH = `update api_key set last_used = now() where digest = $1 and (last_used is null or last_used < now() - interval '1 minute')`;

/**
 * The credential of that digest. Called whenever a credential in use has become stale in
 * memory, so this is where its last use is noted, at most once a minute and never waited for.
 */
export async function findCredential(pool: Pool, digest: string): Promise<Credential | Refusal> {
  const values = [Buffer.from(digest, 'hex')];
  const { rows } = await pool.query<Row>({ name: 'find-credential', text: FIND, values });
  const [row] = rows;
  if (row === undefined) return { prefix: '', reason: 'unknown' };
  if (row.revoked) return { prefix: row.prefix, reason: 'revoked', tenant: row.tenant };
  if (row.lasts !== null && row.lasts <= 0) return { prefix: row.prefix, reason: 'expired', tenant: row.tenant };
  if (row.stale) pool.query({ name: 'touch-credential', text: TOUCH, values }).catch(() => undefined); // the next use notes it
  return { principal: principalOf(row), lastsMs: Math.min(row.lasts ?? Infinity, row.elevated ?? Infinity) };
}

function principalOf({ id, tenant, role, prefix, issued_by, actions, models, elevations }: Row): Principal {
  return {
    id, tenant, role, method: prefix.startsWith('crt_') ? 'certificate' : 'api-key', prefix, issuedBy: issued_by,
    actions: actions ?? undefined, models: models ?? undefined, elevations: elevations ?? [],
  };
}
