import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDatabaseUrl, withSetting } from './connection.ts';
import type { Connection } from './connection.ts';
import { DatabaseError } from './database-error.ts';
import { findRunningPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import type { Log } from './log.ts';
import { readOrCreateSecret } from './private-file.ts';
import { RUNTIME_ROLE } from './roles.ts';

const RUNTIME_PASSWORD_FILE = 'postgres-runtime.password';

export interface ServerSettings {
  readonly dataDir: string;
  /** Unset: the embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl?: string | undefined;
  /** A login of the runtime role's own; unset: the user of `databaseUrl` acting as the runtime role. */
  readonly runtimeDatabaseUrl?: string | undefined;
  /** For command-line tools: use the embedded PostgreSQL of a running service instead of being refused, and never make a new cluster. */
  readonly attach?: boolean | undefined;
  readonly log: Log;
}

/** A PostgreSQL server that we may use, and how. */
export interface Server {
  /** Owns the tables: migrations, backup, restore, repair. */
  readonly owner: Connection;
  /** What the service works as. */
  readonly runtime: Connection;
  /** Set when the runtime role is to have this password: when we started the server ourselves. */
  readonly runtimePassword: string | undefined;
  /** Where the data is, for people. */
  readonly location: string;
  stop(): Promise<void>;
}

/** Starts the embedded PostgreSQL or finds the one of DATABASE_URL (without connecting to it). Throws DatabaseError. */
export async function reachServer(settings: ServerSettings): Promise<Server> {
  const { databaseUrl, runtimeDatabaseUrl } = settings;
  if (databaseUrl === undefined) return reachEmbedded(settings);
  const owner = parseDatabaseUrl(databaseUrl);
  return {
    owner,
    runtime:
      runtimeDatabaseUrl === undefined
        ? withSetting(owner, 'role', RUNTIME_ROLE)
        : parseDatabaseUrl(runtimeDatabaseUrl, 'RUNTIME_DATABASE_URL'),
    runtimePassword: undefined,
    location: `the database ${owner.database ?? ''} on ${owner.host ?? 'localhost'}`,
    stop: async () => undefined,
  };
}

async function reachEmbedded({ dataDir, attach, log }: ServerSettings): Promise<Server> {
  const running = attach === true ? await findRunningPostgres(dataDir) : undefined;
  if (attach === true && running === undefined) await requireCluster(dataDir);
  const server = running ?? (await startEmbeddedPostgres({ dataDir, log }));
  const password = await readOrCreateSecret(join(dataDir, RUNTIME_PASSWORD_FILE));
  return {
    owner: server.owner,
    runtime: { ...server.owner, user: RUNTIME_ROLE, password },
    runtimePassword: running === undefined ? password : undefined,
    location: server.location,
    stop: server.stop,
  };
}

async function requireCluster(dataDir: string): Promise<void> {
  await lstat(join(dataDir, 'postgres')).catch((cause: Error) => {
    throw new DatabaseError('database-unreachable', `there is no database in ${dataDir}: set DATA_DIR or DATABASE_URL`, { cause });
  });
}
