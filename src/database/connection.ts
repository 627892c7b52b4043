import { types } from 'pg';
import type pg from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';
import { DatabaseError } from './database-error.ts';
import type { Log } from './log.ts';
import { TenantPool } from './tenant-pool.ts';

/** How to reach one database as one role: what `pg` takes, in plain fields. `host` is a folder where the server listens on a Unix socket. */
export type Connection = Pick<pg.ClientConfig, 'host' | 'port' | 'user' | 'password' | 'database' | 'ssl' | 'options' | 'application_name'>;

/** Throws DatabaseError `database-url-malformed`; the message does not repeat the URL, which holds a password. */
export function parseDatabaseUrl(url: string, variable = 'DATABASE_URL'): Connection {
  const malformed = (): DatabaseError =>
    new DatabaseError('database-url-malformed', `${variable} is not a URL of the form postgres://user:password@host:5432/database`);
  if (!/^postgres(ql)?:\/\//.test(url)) throw malformed();
  try {
    return parseIntoClientConfig(url);
  } catch {
    throw malformed();
  }
}

/** The URL of a connection, with its password: for a child process or a test, never for a log line. */
export function databaseUrlOf(connection: Connection): string {
  const url = new URL('postgres://localhost/');
  url.username = encodeURIComponent(connection.user ?? '');
  url.password = encodeURIComponent(String(connection.password ?? ''));
  url.pathname = `/${encodeURIComponent(connection.database ?? '')}`;
  const { host = 'localhost', port = 5432 } = connection;
  if (host.startsWith('/')) url.searchParams.set('host', host);
  else url.hostname = host;
  url.port = String(port);
  if (connection.options !== undefined) url.searchParams.set('options', connection.options);
  return url.href;
}

/** The same connection with `-c name=value` given to the server at its start. */
export function withSetting(connection: Connection, name: string, value: string): Connection {
  return { ...connection, options: [connection.options, `-c ${name}=${value}`].filter(Boolean).join(' ') };
}

/** TypeORM's, for `DEBUG=typeorm:*` alone: its other loggers write failed queries with their parameters to the console. */
export const QUIET_LOGGER = 'debug';

/** Options that every client and pool of ours shares. */
export function clientOptions(connection: Connection): pg.ClientConfig {
  return { application_name: 'prediction-ledger', keepAlive: true, ...connection, types: VALUE_TYPES };
}

/** A pool whose connections may break (a restart of PostgreSQL) without bringing the process down. */
export function openPool(connection: Connection, max: number, log: Log, queryTimeoutMs?: number): TenantPool {
  const pool = new TenantPool({
    ...clientOptions(connection),
    max,
    connectionTimeoutMillis: 30_000,
    idleTimeoutMillis: 60_000,
    ...(queryTimeoutMs !== undefined && { query_timeout: queryTimeoutMs }),
  });
  pool.on('error', (error) => log('warn', `a database connection broke: ${error.message}`));
  // The pool listens to idle clients alone. One that is at work tells whoever waits for its query; an error that nobody
  // listened to, between two queries of a transaction, would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/**
 * int8 as a number (sizes and indices are at most 2^53 − 1; anything beyond throws instead of losing digits);
 * bytea is a Buffer and timestamptz a Date, as `pg` has it.
 */
export const VALUE_TYPES: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === types.builtins.INT8 && format !== 'binary' ? parseInt8 : (types.getTypeParser(oid, format) as ValueParser)) as GetTypeParser,
};

type ValueParser = (text: string) => unknown;
type GetTypeParser = pg.CustomTypesConfig['getTypeParser'];

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 beyond 2^53: ${text}`);
  return value;
}
