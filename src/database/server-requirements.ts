import type pg from 'pg';
import { DatabaseError } from './database-error.ts';

const OLDEST = 150_000;

interface ServerState {
  version: number;
  name: string;
  encoding: string;
  fsync: string;
  full_page_writes: string;
  synchronous_commit: string;
  recovering: boolean;
}

/**
 * Checks a session of the very role that will append: settings can differ by role and by database.
 * A commit must be on disk before it is acknowledged (invariant 1); `local` and `remote_write` flush locally too, `off` does not.
 * Throws DatabaseError `database-too-old`, `database-read-only`, `database-not-utf8` or `database-not-durable`.
 */
export async function requireFitServer(runtime: pg.ClientBase): Promise<void> {
  const { rows } = await runtime.query<ServerState>(`
    SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS name,
           current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync,
           current_setting('full_page_writes') AS full_page_writes, current_setting('synchronous_commit') AS synchronous_commit,
           pg_is_in_recovery() AS recovering`);
  const state = rows[0] as ServerState;
  refuseOldServer(state.version, state.name);
  if (state.recovering) {
    throw new DatabaseError('database-read-only', 'the server of DATABASE_URL is a standby: point it at the primary');
  }
  if (state.encoding !== 'UTF8') {
    throw new DatabaseError('database-not-utf8', `the database's encoding is ${state.encoding}: create it with ENCODING 'UTF8'`);
  }
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit'] as const) {
    if (state[setting] !== 'off') continue;
    throw new DatabaseError(
      'database-not-durable',
      `${setting} is off on the server (for this role and database): an acknowledged prediction could be lost; switch it on`,
    );
  }
}

/** `version` as in server_version_num. */
export function refuseOldServer(version: number, name: string): void {
  if (version >= OLDEST) return;
  throw new DatabaseError('database-too-old', `the server runs PostgreSQL ${name}, but 15 or newer is needed: upgrade it, or unset DATABASE_URL`);
}
