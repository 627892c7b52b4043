/** A service's share of the database, for tests to start, look at and kill: opens it, prints one JSON line, closes it on SIGTERM. */
import { openDatabase } from '../../src/database/database.ts';
import { DatabaseError } from '../../src/database/database-error.ts';

try {
  const database = await openDatabase({
    dataDir: String(process.env['DATA_DIR']),
    databaseUrl: process.env['DATABASE_URL'],
    log: (level, message) => process.stderr.write(`${level}: ${message}\n`),
  });
  const { rows } = await database.pool.query('SELECT current_user AS role, session_user AS login');
  const staying = setInterval(() => undefined, 1_000);
  process.once('SIGTERM', () => {
    clearInterval(staying);
    void database.close();
  });
  process.stdout.write(`${JSON.stringify({ location: database.location, ...rows[0] })}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof DatabaseError ? `${error.code}: ${error.message}` : (error as Error).stack}\n`);
  process.exitCode = 1;
}
