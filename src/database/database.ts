import type pg from 'pg';
import { connect, withClient } from './connect.ts';
import { openPool, withSetting } from './connection.ts';
import { migrate } from './migrate.ts';
import { readMigrationFiles } from './migration-files.ts';
import { ensureRoles, requireWeakRole } from './roles.ts';
import { reachServer } from './server.ts';
import type { Server, ServerSettings } from './server.ts';
import { refuseOldServer, requireFitServer } from './server-requirements.ts';
import type { TenantPool } from './tenant-pool.ts';

export interface DatabaseSettings extends ServerSettings {
  /** Connections of the shared `pool`; 10 unless said. */
  readonly poolSize?: number | undefined;
  /** Another folder of migrations than the package's own; for tests. */
  readonly migrationsDir?: string | undefined;
}

/** A server that takes a request's query and falls silent keeps nobody waiting for longer. The owner's work may take hours. */
const QUERY_TIMEOUT_MS = 30_000;
const LAZY_CONNECTIONS = 2;

/** The migrated database. Everything but `owner` works as the runtime role, which owns nothing. */
export interface Database {
  /** For a request: `pool.of(tenant)`, which `log.pool` is. */
  readonly pool: TenantPool;
  /**
   * The runtime role's too, whose commits do not wait for the disk: for rows that nothing depends on until something else,
   * committed later and with fsync, does. The write-ahead log keeps the order of the two.
   */
  readonly lazyPool: TenantPool;
  /** One more pool of the runtime role, closed by `close`. */
  newPool(max: number): TenantPool;
  /** At most 2 connections as the tables' owner: for backup, recover and fsck, never for a request. */
  readonly owner: pg.Pool;
  /** Where the data is, for people. */
  readonly location: string;
  /** This process's clock minus PostgreSQL's, in ms; right to within half the query's round trip. */
  clockSkew(): Promise<number>;
  /** Closes all pools, then stops an embedded PostgreSQL. Precondition: every client was released; one that was not is waited for. */
  close(): Promise<void>;
}

/**
 * Starts or finds PostgreSQL, refuses one that cannot keep our promises, migrates it and opens it.
 * Throws DatabaseError, whose message is one line for the operator.
 */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  const { log } = settings;
  const server = await reachServer(settings);
  const pools: pg.Pool[] = [];
  try {
    await prepare(server, settings);
    const keep = (pool: TenantPool): TenantPool => {
      pools.push(pool);
      return pool;
    };
    const lazy = withSetting(server.runtime, 'synchronous_commit', 'off');
    const newPool = (max: number): TenantPool => keep(openPool(server.runtime, max, log, QUERY_TIMEOUT_MS));
    const pool = newPool(settings.poolSize ?? 10);
    return {
      pool,
      lazyPool: keep(openPool(lazy, LAZY_CONNECTIONS, log, QUERY_TIMEOUT_MS)),
      newPool,
      owner: keep(openPool(server.owner, 2, log)),
      location: server.location,
      clockSkew: () => clockSkew(pool),
      close: async () => {
        await Promise.all(pools.map((each) => each.end()));
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function prepare(server: Server, settings: DatabaseSettings): Promise<void> {
  const { log } = settings;
  const files = await readMigrationFiles(settings.migrationsDir);
  const owner = await connect(server.owner, log);
  try {
    const { rows } = await owner.query<{ version: number; name: string }>(
      `SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS name`,
    );
    const { version, name } = rows[0] as { version: number; name: string };
    refuseOldServer(version, name);
    await ensureRoles(owner, server.runtimePassword);
    await withClient(server.runtime, log, async (runtime) => {
      await requireFitServer(runtime);
      await migrate({ owner, connection: server.owner, files, log });
      await requireWeakRole(runtime);
    });
  } finally {
    await owner.end();
  }
}

async function clockSkew(pool: pg.Pool): Promise<number> {
  const before = Date.now();
  const { rows } = await pool.query<{ now: number }>('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now');
  const after = Date.now();
  return (before + after) / 2 - (rows[0] as { now: number }).now;
}
