import type pg from 'pg';
import { DatabaseError } from './database-error.ts';

/** What the service works as: it owns nothing, and migrations grant it what it may do. */
export const RUNTIME_ROLE = 'prediction_ledger_runtime';
/** Who may delete payloads and keys, and nothing else. */
export const ERASER_ROLE = 'prediction_ledger_eraser';

/** What may be read and added to, never changed: no role but the owner has UPDATE, DELETE or TRUNCATE on these (log_head moves by a function). */
export const APPEND_ONLY_TABLES = ['tenant', 'log', 'log_key', 'log_head', 'entry', 'tile', 'checkpoint'] as const;

/**
 * Makes the two roles where they are missing; roles belong to the whole server, so another database may have made them already.
 * `password` (embedded only) lets the runtime role log in by itself, so that its sessions have no owner to go back to.
 * Throws DatabaseError `roles-missing` with the lines that a DBA has to run.
 */
export async function ensureRoles(owner: pg.ClientBase, password?: string): Promise<void> {
  try {
    for (const role of [RUNTIME_ROLE, ERASER_ROLE]) {
      const { rowCount } = await owner.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
      if (rowCount === 0) await createRole(owner, role);
    }
    if (password === undefined) await ensureMembership(owner);
    else await owner.query(`ALTER ROLE ${RUNTIME_ROLE} LOGIN PASSWORD '${password}'`);
  } catch (cause) {
    if ((cause as pg.DatabaseError).code !== '42501') throw cause;
    const { rows } = await owner.query<{ user: string }>('SELECT quote_ident(current_user) AS user');
    throw new DatabaseError(
      'roles-missing',
      `the user of DATABASE_URL may not create roles; let a database administrator run: CREATE ROLE ${RUNTIME_ROLE}; CREATE ROLE ${ERASER_ROLE}; ` +
        `GRANT ${RUNTIME_ROLE}, ${ERASER_ROLE} TO ${rows[0]?.user};`,
      { cause },
    );
  }
}

/** Two replicas that start at once may both try; the second one's failure is the first one's success. */
async function createRole(owner: pg.ClientBase, role: string): Promise<void> {
  try {
    await owner.query(`CREATE ROLE ${role} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS`);
  } catch (error) {
    // duplicate_object, or unique_violation when the two are truly simultaneous
    if (!['42710', '23505'].includes((error as pg.DatabaseError).code ?? '')) throw error;
  }
}

/** From PostgreSQL 16 on, who creates a role may administer it but not act as it, until granted (createrole_self_grant). */
async function ensureMembership(owner: pg.ClientBase): Promise<void> {
  for (const role of [RUNTIME_ROLE, ERASER_ROLE]) {
    try {
      await owner.query(`SET ROLE ${role}`);
      await owner.query('RESET ROLE');
    } catch (error) {
      if ((error as pg.DatabaseError).code !== '42501') throw error;
      await owner.query(`GRANT ${role} TO CURRENT_USER`);
    }
  }
}

/**
 * Checks, in a session of the service's own, that its role cannot undo the log: no superuser, owner of nothing of ours, no right to change what is
 * append-only. Throws DatabaseError `runtime-role-too-strong`.
 */
export async function requireWeakRole(runtime: pg.ClientBase): Promise<void> {
  const { rows } = await runtime.query<{ role: string; complaint: string }>(WEAKNESS, [APPEND_ONLY_TABLES]);
  const [first] = rows;
  if (first === undefined) return;
  throw new DatabaseError(
    'runtime-role-too-strong',
    `the role "${first.role}" that the service works as ${first.complaint}; it must be as weak as ${RUNTIME_ROLE}: grant it that role and nothing else`,
  );
}

const WEAKNESS = `
  WITH mine AS (SELECT oid, * FROM pg_roles WHERE rolname = current_user),
       ours AS (SELECT c.* FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S'))
  SELECT current_user AS role, complaint FROM (
    SELECT 'has ' || attribute AS complaint FROM mine CROSS JOIN LATERAL (VALUES
      (rolsuper, 'SUPERUSER'), (rolcreaterole, 'CREATEROLE'), (rolcreatedb, 'CREATEDB'), (rolbypassrls, 'BYPASSRLS'), (rolreplication, 'REPLICATION')
    ) AS a (present, attribute) WHERE present
    UNION ALL
    SELECT 'owns ' || relname FROM ours WHERE pg_has_role(current_user, relowner, 'MEMBER')
    UNION ALL
    SELECT 'owns the database' FROM pg_database WHERE datname = current_database() AND pg_has_role(current_user, datdba, 'MEMBER')
    UNION ALL
    SELECT 'may create objects in the schema ' || current_schema() WHERE has_schema_privilege(current_schema(), 'CREATE')
    UNION ALL
    SELECT 'may ' || privilege || ' ' || relname FROM ours, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS privilege
      WHERE relkind IN ('r', 'p') AND relname = ANY ($1) AND has_table_privilege(oid, privilege)
    UNION ALL
    SELECT 'may UPDATE ' || relname FROM ours WHERE relkind IN ('r', 'p') AND relname = ANY ($1) AND has_any_column_privilege(oid, 'UPDATE')
  ) AS complaints LIMIT 1`;
