import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmod, chown, lstat, mkdir, mkdtemp, readFile, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../../src/database/connect.ts';
import { databaseUrlOf, openPool } from '../../src/database/connection.ts';
import { openDatabase } from '../../src/database/database.ts';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { readPostmasterFile } from '../../src/database/postmaster-file.ts';
import { reachServer } from '../../src/database/server.ts';
import { isPostgresOf, isRunning } from '../../src/database/running-process.ts';
import { fastFolder } from '../test-cluster.ts';
import { ServiceChild } from './service.ts';

const NOBODY = { uid: 65534, gid: 65534 };
const isRoot = process.getuid?.() === 0;
const lines: string[] = [];
const log = (level: string, message: string): void => void lines.push(`${level}: ${message}`);

let base: string;
let dataDir: string;

beforeAll(async () => {
  base = await mkdtemp(join(await fastFolder(), 'pl-embedded-'));
  if (isRoot) await chmod(base, 0o755);
  dataDir = join(base, 'data');
});

afterAll(() => rm(base, { recursive: true, force: true }));

async function serverPid(): Promise<number> {
  return (await readPostmasterFile(join(dataDir, 'postgres')))?.pid ?? 0;
}

async function marks(): Promise<number> {
  const server = await startEmbeddedPostgres({ dataDir, log });
  try {
    return await withClient(server.owner, log, async (client) => {
      const { rows } = await client.query<{ count: number }>('SELECT count(*) AS count FROM mark');
      return rows[0]?.count ?? -1;
    });
  } finally {
    await server.stop();
  }
}

test('makes a durable UTF-8 cluster with checksums, reached by a Unix socket and a password alone', async () => {
  const server = await startEmbeddedPostgres({ dataDir, log });
  const shown = await withClient(server.owner, log, async (client) => {
    await client.query('CREATE TABLE mark (n integer)');
    await client.query('INSERT INTO mark VALUES (1)');
    const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'listen_addresses', 'server_encoding'];
    const { rows } = await client.query<{ name: string; setting: string }>('SELECT name, setting FROM pg_settings WHERE name = ANY ($1)', [names]);
    return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
  });
  await expect(withClient({ ...server.owner, password: 'wrong' }, log, async () => undefined)).rejects.toThrow('password authentication failed');
  await server.stop();
  expect(shown).toEqual({
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    data_checksums: 'on',
    listen_addresses: '',
    server_encoding: 'UTF8',
  });
  expect((await stat(join(dataDir, 'postgres-owner.password'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(dataDir, 'postgres.log'))).mode & 0o777).toBe(0o600);
});

test('starts a second time on the same data', async () => {
  expect(await marks()).toBe(1);
});

describe('after a crash', () => {
  test('of the service: its orphaned server is stopped and started anew', async () => {
    const service = new ServiceChild({ DATA_DIR: dataDir });
    await service.opened();
    await service.end('SIGKILL');
    const orphan = await serverPid();
    expect(isRunning(orphan)).toBe(true);
    expect(await marks()).toBe(1);
    expect(isRunning(orphan)).toBe(false);
  });

  test('of the service and its server, with the dead server’s id given to another program', async () => {
    await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), `${process.pid}\n/\n1\n5432\n/tmp/pl-pg-gone\n\n1 1\nready\n`, { mode: 0o600 });
    expect(await marks()).toBe(1);
  });

  test('in the middle of making the cluster: the half-made one is made again', async () => {
    const fresh = join(base, 'half');
    await mkdir(join(fresh, 'postgres.new', 'base'), { recursive: true });
    if (isRoot) await chmod(fresh, 0o711);
    const server = await startEmbeddedPostgres({ dataDir: fresh, log });
    await server.stop();
    await expect(lstat(join(fresh, 'postgres.new'))).rejects.toThrow('ENOENT');
  });

  test('of the server under a running service: it is started again at the same address, and pools go on', async () => {
    const server = await startEmbeddedPostgres({ dataDir, log });
    const pool = openPool(server.owner, 2, log);
    try {
      await pool.query('INSERT INTO mark VALUES (2)');
      const killed = server.pid as number;
      process.kill(killed, 'SIGKILL');
      let count = 0;
      for (let attempt = 0; attempt < 500 && count === 0; attempt++) {
        await sleep(20);
        if (server.pid === killed) continue;
        count = await pool.query<{ count: number }>('SELECT count(*) AS count FROM mark').then(
          ({ rows }) => rows[0]?.count ?? 0,
          () => 0,
        );
      }
      expect(count).toBe(2);
      expect(lines).toContainEqual(expect.stringContaining('PostgreSQL ended (SIGKILL)'));
    } finally {
      await pool.end();
      await server.stop();
    }
  });
});

test('a tool works on the server of a running service, and leaves it running', async () => {
  const service = new ServiceChild({ DATA_DIR: dataDir });
  await service.opened();
  const pid = await serverPid();
  const server = await reachServer({ dataDir, attach: true, log });
  const found = await withClient(server.owner, log, async (client) => (await client.query<object>('SELECT count(*) AS count FROM mark')).rows);
  await server.stop();
  expect(found).toEqual([{ count: 2 }]);
  expect(isRunning(pid)).toBe(true);
  expect(await service.end('SIGTERM')).toBe(0);
});

test('a tool starts the server of a stopped service, and stops it; it makes no new one', async () => {
  const server = await reachServer({ dataDir, attach: true, log });
  await server.stop();
  expect(await serverPid()).toBe(0);
  await expect(reachServer({ dataDir: join(base, 'typo'), attach: true, log })).rejects.toMatchObject({ code: 'database-unreachable' });
  await expect(lstat(join(base, 'typo'))).rejects.toThrow('ENOENT');
});

describe('refuses', () => {
  test('a data folder that a live process uses, and lets it be', async () => {
    const service = new ServiceChild({ DATA_DIR: dataDir });
    await service.opened();
    const pid = await serverPid();
    await expect(startEmbeddedPostgres({ dataDir, log })).rejects.toMatchObject({ code: 'data-dir-in-use' });
    expect(isPostgresOf(pid, await realpath(join(dataDir, 'postgres')))).toBe(true);
    expect(await service.end('SIGTERM')).toBe(0);
    expect(isRunning(pid)).toBe(false);
  });

  test('as a server, one whose fsync is off', async () => {
    const server = await startEmbeddedPostgres({ dataDir, log, flags: ['fsync=off'] });
    try {
      await expect(openDatabase({ dataDir, databaseUrl: databaseUrlOf(server.owner), log })).rejects.toMatchObject({
        code: 'database-not-durable',
        message: expect.stringContaining('fsync is off'),
      });
    } finally {
      await server.stop();
    }
  });

  test('a cluster of an older PostgreSQL, and says what to do', async () => {
    const version = join(dataDir, 'postgres', 'PG_VERSION');
    const kept = await readFile(version);
    await writeFile(version, '17\n');
    await expect(startEmbeddedPostgres({ dataDir, log })).rejects.toMatchObject({
      code: 'cluster-older',
      message: expect.stringMatching(/made by PostgreSQL 17.*prediction-ledger backup.*prediction-ledger restore/),
    });
    await writeFile(version, kept);
    expect(await marks()).toBe(2);
  });

  test('to begin anew where the cluster is gone', async () => {
    const lost = join(base, 'lost');
    await mkdir(lost, { mode: 0o711 });
    await symlink(join(base, 'nowhere'), join(lost, 'postgres'));
    await expect(startEmbeddedPostgres({ dataDir: lost, log })).rejects.toMatchObject({ code: 'cluster-broken' });
  });

  test('a cluster whose password is missing', async () => {
    const password = join(dataDir, 'postgres-owner.password');
    await rename(password, `${password}.away`);
    await expect(startEmbeddedPostgres({ dataDir, log })).rejects.toMatchObject({ code: 'cluster-broken' });
    await rename(`${password}.away`, password);
  });
});

const asRoot = isRoot ? describe : describe.skip;
asRoot('as root', () => {
  test('runs under another user, inside the data folder where that user can enter it', async () => {
    expect((await stat(join(dataDir, 'postgres'))).uid).not.toBe(0);
    expect((await lstat(join(dataDir, 'postgres'))).isDirectory()).toBe(true);
  });

  test('puts the cluster elsewhere where that user cannot, keeps the secrets, and finds it again', async () => {
    const home = join(base, 'home');
    await mkdir(home, { mode: 0o700 });
    const args = { dataDir: join(home, 'data'), farDir: join(base, 'far'), log };
    const first = await startEmbeddedPostgres(args);
    await first.stop();
    expect(first.location.startsWith(join(base, 'far'))).toBe(true);
    expect(await realpath(join(home, 'data', 'postgres'))).toBe(first.location);
    const second = await startEmbeddedPostgres(args);
    await second.stop();
    expect(second.location).toBe(first.location);
    await rm(args.dataDir, { recursive: true });
    const third = await startEmbeddedPostgres(args);
    await third.stop();
    expect(third.location).not.toBe(first.location);
  });

  test('a data folder of root’s is refused to an ordinary user, in one line', async () => {
    const service = new ServiceChild({ DATA_DIR: dataDir }, NOBODY);
    await expect(service.opened()).rejects.toThrow(/^data-dir-unreachable: cannot use .*permission denied.*\n$/);
  });

  test('a data folder of an ordinary user works for that user, and for root under that user', async () => {
    const own = join(base, 'nobody');
    await mkdir(own, { mode: 0o755 });
    await chown(own, NOBODY.uid, NOBODY.gid);
    const service = new ServiceChild({ DATA_DIR: own }, NOBODY);
    expect(await service.opened()).toMatchObject({ login: 'prediction_ledger_runtime' });
    expect(await service.end('SIGTERM')).toBe(0);
    const server = await startEmbeddedPostgres({ dataDir: own, log });
    await server.stop();
    expect((await stat(join(own, 'postgres'))).uid).toBe(NOBODY.uid);
  });
});
