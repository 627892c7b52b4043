import pg from 'pg';
import { AppendError } from './append-error.ts';

/**
 * What an error of the database means for an append: an AppendError when the database is away, full or refuses to
 * write; undefined when it is not the database's condition but a fault of ours.
 * SQLSTATE classes: PostgreSQL documentation, appendix A.
 */
export function storageFailure(error: unknown): AppendError | undefined {
  if (error instanceof pg.DatabaseError) {
    const { code = '' } = error;
    if (code === '53100') return new AppendError('storage-full', 'the database has no room left on its disk', 5000);
    // Connection exceptions, insufficient resources, operator intervention, a standby's read-only transaction,
    // lock and statement timeouts, deadlocks.
    if (/^(08|53|57|25006|55P03|40)/.test(code)) return new AppendError('database-unavailable', 'the database cannot write', 1000);
    return undefined;
  }
  if (error instanceof Error && isConnectionFailure(error)) {
    return new AppendError('database-unavailable', 'the database does not answer', 1000);
  }
  return undefined;
}

function isConnectionFailure(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (/^(ECONN|ENOENT|EPIPE|ETIMEDOUT|EHOST|ENETUNREACH|EAI_AGAIN|ENOTFOUND)/.test(code)) return true;
  // pg reports these without a code.
  return /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error)/.test(
    error.message,
  );
}
