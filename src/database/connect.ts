import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type pg from 'pg';
import { clientOptions } from './connection.ts';
import type { Connection } from './connection.ts';
import { DatabaseError } from './database-error.ts';
import type { Log } from './log.ts';

const PATIENCE_MS = 30_000;
/** Nobody listens yet, the name is not known yet, or the server says that it is starting or stopping (57P03, 57P01). */
const NOT_YET = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', '57P03', '57P01']);

/**
 * A client that is connected, after waiting up to `patienceMs` for a server that is still starting.
 * Throws DatabaseError `database-unreachable`; the message names the host and the database, never the password.
 */
export async function connect(connection: Connection, log: Log, patienceMs = PATIENCE_MS): Promise<pg.Client> {
  const deadline = Date.now() + patienceMs;
  for (let attempt = 1; ; attempt++) {
    const client = new Client({ ...clientOptions(connection), connectionTimeoutMillis: Math.max(1_000, patienceMs) });
    client.on('error', (error) => log('warn', `a database connection broke: ${error.message}`));
    try {
      await client.connect();
      return client;
    } catch (cause) {
      await client.end().catch(() => undefined);
      const code = (cause as { code?: string }).code ?? '';
      if (NOT_YET.has(code) && Date.now() < deadline) {
        if (attempt === 1) log('info', `waiting for the database at ${describe(connection)}`);
        await sleep(250);
        continue;
      }
      throw new DatabaseError('database-unreachable', `cannot open the database at ${describe(connection)}: ${reasonOf(cause)}`, { cause });
    }
  }
}

/** Runs `work` on a client of its own. */
export async function withClient<T>(connection: Connection, log: Log, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(connection, log);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function describe({ host, port, database, user }: Connection): string {
  return `${host ?? 'localhost'}:${port ?? 5432}/${database ?? user ?? ''}`;
}

/** Several addresses were tried: Node wraps their errors in one without a message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map((each: Error) => each.message).join(', ');
  return (error as Error).message;
}
