import { mkdtemp, readdir, realpath, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withClient } from '../src/database/connect.ts';
import { databaseUrlOf, parseDatabaseUrl, withSetting } from '../src/database/connection.ts';
import type { Connection } from '../src/database/connection.ts';
import { dataDirHolder } from '../src/database/data-dir-lock.ts';
import { openDatabase } from '../src/database/database.ts';
import { startEmbeddedPostgres } from '../src/database/embedded-postgres.ts';
import type { Log } from '../src/database/log.ts';
import { clearOrphan } from '../src/database/postmaster-file.ts';
import { ensureRoles, RUNTIME_ROLE } from '../src/database/roles.ts';

const DIR_PREFIX = 'pl-test-';
export const DATABASE_PREFIX = 'pl_test_';
const STALE_MS = 6 * 3_600_000;

/** What the workers need to know, as environment variables. */
export interface TestClusterEnvironment {
  PL_TEST_OWNER_URL: string;
  PL_TEST_RUNTIME_URL: string;
  PL_TEST_TEMPLATE: string;
  /** Where data folders go: in memory where there is room, and gone after the run whatever becomes of it. */
  PL_TEST_FOLDER: string;
}

export interface TestCluster {
  environment: TestClusterEnvironment;
  stop(): Promise<void>;
}

/** The server of TEST_DATABASE_URL, or an embedded one of this run's own, with a migrated template database. */
export async function startTestCluster(): Promise<TestCluster> {
  const template = `${DATABASE_PREFIX}${Date.now().toString(36)}_template`;
  const { owner, runtime, folder, stop } = await (process.env['TEST_DATABASE_URL'] === undefined
    ? embedded()
    : external(process.env['TEST_DATABASE_URL']));
  try {
    await withClient(owner, quiet, (client) => client.query(`CREATE DATABASE ${template} TEMPLATE template0 ENCODING 'UTF8'`));
    const [ownerUrl, runtimeUrl] = [owner, runtime].map((each) => databaseUrlOf({ ...each, database: template }));
    const database = await openDatabase({ dataDir: tmpdir(), databaseUrl: ownerUrl, runtimeDatabaseUrl: runtimeUrl, log: quiet });
    await database.close();
  } catch (error) {
    await stop(template);
    throw error;
  }
  return {
    environment: { PL_TEST_OWNER_URL: databaseUrlOf(owner), PL_TEST_RUNTIME_URL: databaseUrlOf(runtime), PL_TEST_TEMPLATE: template, PL_TEST_FOLDER: folder },
    stop: () => stop(template),
  };
}

interface Roles {
  owner: Connection;
  runtime: Connection;
  folder: string;
  stop(template: string): Promise<void>;
}

async function embedded(): Promise<Roles> {
  const folder = await fastFolder();
  await clearCrashedRuns(folder);
  const dataDir = await mkdtemp(join(folder, DIR_PREFIX));
  const server = await startEmbeddedPostgres({ dataDir, log: quiet, flags: ['min_wal_size=64MB', 'max_connections=200'] });
  const password = String(server.owner.password);
  await withClient(server.owner, quiet, (client) => ensureRoles(client, password));
  return {
    owner: server.owner,
    runtime: { ...server.owner, user: RUNTIME_ROLE, password },
    folder: dataDir,
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function external(url: string): Promise<Roles> {
  const owner = parseDatabaseUrl(url, 'TEST_DATABASE_URL');
  await withClient(owner, quiet, async (client) => {
    await ensureRoles(client);
    const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database WHERE datname LIKE $1', [`${DATABASE_PREFIX}%`]);
    for (const { datname } of rows) {
      const made = parseInt(datname.slice(DATABASE_PREFIX.length), 36);
      if (!(Date.now() - made < STALE_MS)) await client.query(`DROP DATABASE ${datname} WITH (FORCE)`);
    }
  });
  return {
    owner,
    runtime: withSetting(owner, 'role', RUNTIME_ROLE),
    folder: tmpdir(),
    stop: (template) => withClient(owner, quiet, async (client) => void (await client.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`))),
  };
}

/** Memory where there is plenty: fsync stays on, as the service demands, and costs nothing. Durability has tests of its own, on a disk. */
export async function fastFolder(): Promise<string> {
  const memory = await statfs('/dev/shm').catch(() => undefined);
  return memory !== undefined && memory.bavail * memory.bsize > 2 ** 30 ? '/dev/shm' : tmpdir();
}

/** A run that was killed leaves its folder, and with it perhaps its server. */
async function clearCrashedRuns(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(DIR_PREFIX)) continue;
    const dataDir = join(folder, name);
    // Another run may be just about to take its folder's lock.
    const young = await stat(dataDir).then(({ mtimeMs }) => Date.now() - mtimeMs < 60_000);
    if (young || (await dataDirHolder(dataDir)) !== undefined) continue;
    const cluster = await realpath(join(dataDir, 'postgres')).catch(() => undefined);
    if (cluster !== undefined) await clearOrphan(cluster, quiet);
    await rm(dataDir, { recursive: true, force: true });
  }
}

const quiet: Log = (level, message) => {
  if (level === 'warn' || level === 'error') process.stderr.write(`${level}: ${message}\n`);
};
