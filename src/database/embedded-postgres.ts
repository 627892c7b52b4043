import { rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findClusterPlace, linkCluster } from './cluster-place.ts';
import type { Connection } from './connection.ts';
import { dataDirHolder, lockDataDir } from './data-dir-lock.ts';
import { DatabaseError } from './database-error.ts';
import { initCluster, makePrivateDir, requireSameMajor, SUPERUSER } from './init-cluster.ts';
import type { Log } from './log.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import type { PostmasterFile } from './postmaster-file.ts';
import { readPostmasterFile, SOCKET_DIR_PREFIX } from './postmaster-file.ts';
import { Postmaster } from './postmaster.ts';
import { readOrCreateSecret, readSecret } from './private-file.ts';

const OWNER_PASSWORD_FILE = 'postgres-owner.password';
const DATABASE = 'postgres';
const ATTACH_PATIENCE_MS = 10_000;

/** What "committed before 201" rests on; not to be weakened. */
const DURABILITY = [
  'fsync=on',
  'synchronous_commit=on',
  'full_page_writes=on',
  // fsync(2) of macOS leaves data in the drive's cache.
  ...(process.platform === 'darwin' ? ['wal_sync_method=fsync_writethrough'] : []),
];

/** Few and late checkpoints: full-page images after each are most of what an append-only table writes. */
const SIZES = [
  'min_wal_size=1GB',
  'max_wal_size=4GB',
  'wal_init_zero=off',
  'wal_compression=off',
  'shared_buffers=128MB',
  'max_connections=100',
];

/** PostgreSQL's own log holds no statements, no parameters and no DETAIL with key values. */
const DISCRETION = [
  'log_statement=none',
  'log_min_error_statement=panic',
  'log_parameter_max_length_on_error=0',
  'log_error_verbosity=terse',
];

export interface EmbeddedPostgres {
  /** How its superuser connects. */
  readonly owner: Connection;
  /** The cluster's folder. */
  readonly location: string;
  /** The server's process id; another one after a restart, undefined while it is down or when it is another process's. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL of a data folder, making its cluster the first time, and keeps it running until `stop`.
 * `flags` are further server settings, `farDir` is where clusters go that cannot live in their data folder; both for tests.
 * Throws DatabaseError: `data-dir-in-use`, `cluster-older`, `cluster-broken`, `binaries-missing`, `cluster-user-missing`, `data-dir-unreachable`.
 */
export async function startEmbeddedPostgres(args: {
  dataDir: string;
  log: Log;
  flags?: readonly string[];
  farDir?: string;
}): Promise<EmbeddedPostgres> {
  const { dataDir, log } = args;
  const place = await findClusterPlace(dataDir, log, args.farDir);
  const { cluster, user } = place;
  const lock = await lockDataDir(dataDir, log);
  try {
    const binaries = await findPostgresBinaries(place.copiesDir, user, log);
    const password = await ownerPassword(dataDir, cluster);
    if (await exists(cluster)) {
      await requireSameMajor(cluster, binaries);
    } else {
      log('info', `making a PostgreSQL ${binaries.version} cluster in ${cluster}`);
      await initCluster({ binaries, cluster, user, password });
      await linkCluster(place);
    }
    const address = await serverAddress();
    const socketDir = await makePrivateDir(SOCKET_DIR_PREFIX, user);
    const postmaster = new Postmaster({
      postgres: binaries.postgres,
      cluster,
      user,
      socketDir,
      port: address.port,
      flags: [...DURABILITY, ...SIZES, ...DISCRETION, `listen_addresses=${address.listen}`, ...(args.flags ?? [])],
      logFile: join(dataDir, 'postgres.log'),
      log,
    });
    try {
      await postmaster.start();
    } catch (error) {
      await postmaster.stop();
      await rm(socketDir, { recursive: true, force: true });
      throw error;
    }
    log('info', `PostgreSQL ${binaries.version} runs on ${cluster}`);
    const host = address.listen === '' ? socketDir : address.listen;
    return {
      owner: { host, port: address.port, user: SUPERUSER, password, database: DATABASE },
      location: cluster,
      get pid() {
        return postmaster.pid;
      },
      stop: async () => {
        await postmaster.stop();
        await rm(socketDir, { recursive: true, force: true });
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * The server that another live process runs on this data folder, or `undefined` when there is none; one that is just starting is waited for.
 * `stop` leaves it running.
 */
export async function findRunningPostgres(dataDir: string): Promise<EmbeddedPostgres | undefined> {
  const cluster = join(dataDir, 'postgres');
  const deadline = Date.now() + ATTACH_PATIENCE_MS;
  let file: PostmasterFile | undefined;
  do {
    if ((await dataDirHolder(dataDir)) === undefined) return undefined;
    file = await readPostmasterFile(cluster);
  } while (!file?.ready && Date.now() < deadline && (await sleep(100, true)));
  const password = await readSecret(join(dataDir, OWNER_PASSWORD_FILE));
  if (!file?.ready || password === undefined) return undefined;
  const host = file.listenAddress === '' ? file.socketDir : file.listenAddress;
  return {
    owner: { host, port: file.port, user: SUPERUSER, password, database: DATABASE },
    location: cluster,
    pid: undefined,
    stop: async () => undefined,
  };
}

async function ownerPassword(dataDir: string, cluster: string): Promise<string> {
  const path = join(dataDir, OWNER_PASSWORD_FILE);
  if ((await exists(cluster)) && (await readSecret(path)) === undefined) {
    throw new DatabaseError('cluster-broken', `${path}, the password of the cluster ${cluster}, is missing: bring it back`);
  }
  return readOrCreateSecret(path);
}

/** A Unix socket and nothing else, except on Windows: the loopback address and a free port. */
async function serverAddress(): Promise<{ listen: string; port: number }> {
  if (process.platform !== 'win32') return { listen: '', port: 5432 };
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return { listen: '127.0.0.1', port };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
