import type { ClientBase, Pool } from 'pg';
import type { NewCredential } from './api-key.ts';
import type { Action } from './catalogue.ts';
import { SYSTEM_ISSUER, type Scope } from './principal.ts';

/** A credential as it is listed: all but what would let somebody in. */
export interface KeyRow {
  /** Grows with each credential; a list's cursor. */
  id: number;
  prefix: string;
  principal: string;
  role: string;
  label: string | null;
  actions: Action[] | null;
  models: string[] | null;
  issuedBy: string;
  created: Date;
  expires: Date | null;
  lastUsed: Date | null;
  revoked: Date | null;
  /** The prefix of the credential that a rotation put beside it. */
  successor: string | null;
  /** Index of the entry that says it was revoked. */
  revocation: number | null;
}

const COLUMNS = `id, prefix, principal, role, label, actions, models, issued_by as "issuedBy", created, expires, last_used as "lastUsed", revoked, successor, revocation`;

/** Makes a credential valid. Gives false, and changes nothing, when its prefix or digest is there already. */
export async function insertKey(pool: Pool | ClientBase, tenant: number, { principal, role, prefix, digest, terms }: NewCredential): Promise<boolean> {
  const { rowCount } = await pool.query(
    `insert into api_key (digest, tenant, principal, role, prefix, label, actions, models, issued_by, expires)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing`,
    [Buffer.from(digest, 'hex'), tenant, principal, role, prefix, terms.label ?? null, terms.scope?.actions ?? null, terms.scope?.models ?? null, terms.issuedBy ?? SYSTEM_ISSUER, terms.expires ?? null],
  );
  return rowCount === 1;
}

/** A tenant's credentials, newest first. @param behind the prefix of the last one of the page before */
export async function listKeys(pool: Pool, tenant: number, behind: string | undefined, limit: number): Promise<KeyRow[]> {
  const { rows } = await pool.query<KeyRow>(
    `select ${COLUMNS} from api_key where tenant = $1 and ($2::text is null or id < (select id from api_key where tenant = $1 and prefix = $2)) order by id desc limit $3`,
    [tenant, behind ?? null, limit],
  );
  return rows;
}

/** A tenant's credential by its prefix. Another tenant's does not exist. */
export async function readKey(pool: Pool, tenant: number, prefix: string): Promise<(KeyRow & { digest: Buffer }) | undefined> {
  const { rows } = await pool.query<KeyRow & { digest: Buffer }>(`select ${COLUMNS}, digest from api_key where tenant = $1 and prefix = $2`, [tenant, prefix]);
  return rows[0];
}

/** The same, locked until the transaction ends; `good` while it is neither revoked nor expired and has no successor. */
export async function lockKey(client: ClientBase, tenant: number, prefix: string): Promise<(KeyRow & { good: boolean }) | undefined> {
  const { rows } = await client.query<KeyRow & { good: boolean }>(
    `select ${COLUMNS}, revoked is null and successor is null and (expires is null or expires > now()) as good
       from api_key where tenant = $1 and prefix = $2 for update`,
    [tenant, prefix],
  );
  return rows[0];
}

/** Gives a credential its successor and an end. @returns when it ends now */
export async function endKey(client: ClientBase, tenant: number, prefix: string, successor: string, overlapMinutes: number): Promise<Date> {
  const { rows } = await client.query<{ expires: Date }>(
    `update api_key set successor = $3, expires = least(expires, now() + make_interval(mins => $4))
      where tenant = $1 and prefix = $2 returning expires`,
    [tenant, prefix, successor, overlapMinutes],
  );
  return (rows[0] as { expires: Date }).expires;
}

/** Ends a credential at once; again is as well. @returns when it ended */
export async function revokeKey(pool: Pool, tenant: number, prefix: string): Promise<Date | null> {
  const { rows } = await pool.query<{ revoked: Date }>(
    'update api_key set revoked = coalesce(revoked, now()) where tenant = $1 and prefix = $2 returning revoked',
    [tenant, prefix],
  );
  return rows[0]?.revoked ?? null;
}

/** Notes where the log says that it was revoked. */
export async function noteRevocation(pool: Pool, tenant: number, prefix: string, index: number): Promise<void> {
  await pool.query('update api_key set revocation = $3 where tenant = $1 and prefix = $2', [tenant, prefix, index]);
}

/** What the credential is narrowed to; empty where it may do all that its role may. */
export function scopeOf({ actions, models }: Pick<KeyRow, 'actions' | 'models'>): Scope {
  return { ...(actions !== null && { actions }), ...(models !== null && { models }) };
}

/** Who a tenant's principal is by its newest valid credential; undefined where it has none. */
export async function readScopedPrincipal(pool: Pool, tenant: number, id: string): Promise<{ id: string; role: string } & Scope | undefined> {
  const { rows } = await pool.query<{ role: string; actions: Action[] | null; models: string[] | null }>(
    `select role, actions, models from api_key
     where tenant = $1 and principal = $2 and revoked is null and (expires is null or expires > clock_timestamp()) order by id desc limit 1`,
    [tenant, id],
  );
  return rows[0] && { id, role: rows[0].role, actions: rows[0].actions ?? undefined, models: rows[0].models ?? undefined };
}
