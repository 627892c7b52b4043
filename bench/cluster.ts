import { rm } from 'node:fs/promises';
import { Client } from 'pg';
import { databaseUrlOf } from '../src/database/connection.ts';
import { startEmbeddedPostgres } from '../src/database/embedded-postgres.ts';

const WAL_SEGMENT_BYTES = 16 * 1024 * 1024;
const MESSAGE_BYTES = 1_000_000;

/** The one PostgreSQL of a bench: every server gets a fresh database in it, all with the same settings. */
export interface Cluster {
  /** Its data folder, on the disk that is measured. */
  readonly folder: string;
  /** A folder for whatever else a bench writes; removed with the cluster. */
  readonly scratch: string;
  /** Process id of the postmaster. */
  readonly pid: number;
  readonly admin: Client;
  /** Environment variables by which a server process finds its database. */
  environment(database: string): Record<string, string>;
  /** May be called again: a signal comes when it likes. */
  stop(): Promise<void>;
}

/** Starts an embedded PostgreSQL in `dataDir`, which is removed at the end unless it is kept. `flags` are settings of the server. */
export async function startCluster(dataDir: string, flags: readonly string[], kept = false): Promise<Cluster> {
  const postgres = await startEmbeddedPostgres({ dataDir, flags, log: (level, text) => level === 'info' || console.error(text) });
  const { host, port, user, password } = postgres.owner;
  const admin = new Client(postgres.owner);
  await admin.connect();
  const { pid } = postgres;
  if (pid === undefined) throw new Error('PostgreSQL ended');
  const stop = async (): Promise<void> => {
    await admin.end();
    await postgres.stop();
    if (!kept) await rm(dataDir, { recursive: true, force: true });
  };
  let stopping: Promise<void> | undefined;
  return {
    folder: postgres.location,
    scratch: dataDir,
    pid,
    admin,
    environment: (name) => ({
      PGHOST: String(host), PGPORT: String(port), PGUSER: String(user), PGPASSWORD: String(password), PGDATABASE: name,
      DATABASE_URL: databaseUrlOf({ ...postgres.owner, database: name }),
    }),
    stop: () => (stopping ??= stop()),
  };
}

/** A fresh, empty database; the checkpoint lets each round begin with the same distance to the next one. */
export async function createDatabase(cluster: Cluster, name: string): Promise<void> {
  await cluster.admin.query(`CREATE DATABASE ${name}`);
  await cluster.admin.query('CHECKPOINT');
}

export async function dropDatabase(cluster: Cluster, name: string): Promise<void> {
  await cluster.admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

/** Where the next WAL byte goes, in bytes since the cluster was made. */
export async function walPosition(cluster: Cluster): Promise<number> {
  const { rows } = await cluster.admin.query<{ bytes: string }>("SELECT pg_current_wal_insert_lsn() - '0/0' AS bytes");
  return Number(rows[0]?.bytes);
}

/**
 * Writes `bytes` of WAL and has PostgreSQL recycle the segments. A fresh cluster makes each 16 MB segment while commits
 * wait, which a service that ran for a day does not see. Gives the number of segments that lie ready.
 */
export async function warmWal(cluster: Cluster, bytes: number): Promise<number> {
  const { admin } = cluster;
  for (let written = 0; written < bytes; written += MESSAGE_BYTES) {
    await admin.query("SELECT pg_logical_emit_message(false, 'warm', repeat('x', $1))", [MESSAGE_BYTES]);
  }
  // A segment is recycled at the end of a checkpoint, when no checkpoint before it needs it.
  await admin.query('CHECKPOINT');
  await admin.query('CHECKPOINT');
  return readySegments(cluster);
}

/** WAL segments that exist ahead of the one in use. */
export async function readySegments(cluster: Cluster): Promise<number> {
  const { rows } = await cluster.admin.query<{ ready: string }>(
    `SELECT count(*) AS ready FROM pg_ls_waldir() WHERE size = ${WAL_SEGMENT_BYTES} AND name > pg_walfile_name(pg_current_wal_insert_lsn())`,
  );
  return Number(rows[0]?.ready);
}

export async function postgresVersion(cluster: Cluster): Promise<string> {
  const { rows } = await cluster.admin.query<{ version: string }>("SELECT current_setting('server_version') AS version");
  return rows[0]?.version ?? 'unknown';
}

/** Settings that somebody chose, by name. */
export async function chosenSettings(cluster: Cluster): Promise<Record<string, string>> {
  const { rows } = await cluster.admin.query<{ name: string; value: string }>(
    `SELECT name, current_setting(name) AS value FROM pg_settings
     WHERE source = 'command line' AND name NOT IN ('unix_socket_directories', 'data_directory', 'port') ORDER BY name`,
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}
