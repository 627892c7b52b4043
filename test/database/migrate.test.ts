import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { appendFile, cp, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withClient } from '../../src/database/connect.ts';
import { databaseUrlOf } from '../../src/database/connection.ts';
import { openDatabase } from '../../src/database/database.ts';
import { MIGRATIONS_DIR, readMigrationFiles } from '../../src/database/migration-files.ts';
import { dumpSchema } from '../../src/database/schema-dump.ts';
import { cloneTemplate } from '../test-database.ts';
import type { Clone } from '../test-database.ts';
import { ServiceChild } from './service.ts';

const log = (): void => undefined;
let migrationsDir: string;
let next: string;
let clone: Clone;

beforeAll(async () => {
  migrationsDir = await mkdtemp(join(tmpdir(), 'pl-migrations-'));
  const number = (await readMigrationFiles()).length + 1;
  next = join(migrationsDir, `${String(number).padStart(4, '0')}_next.sql`);
});
afterAll(() => rm(migrationsDir, { recursive: true }));
beforeEach(async () => {
  await rm(migrationsDir, { recursive: true });
  await cp(MIGRATIONS_DIR, migrationsDir, { recursive: true });
  clone = await cloneTemplate('template0');
});
afterEach(async () => {
  expect(await clone.drop()).toEqual([]);
});

function urls(): { databaseUrl: string; runtimeDatabaseUrl: string } {
  return { databaseUrl: databaseUrlOf(clone.owner), runtimeDatabaseUrl: databaseUrlOf(clone.runtime) };
}

async function openAndClose(): Promise<void> {
  const database = await openDatabase({ dataDir: tmpdir(), ...urls(), migrationsDir, log });
  await database.close();
}

async function applied(): Promise<unknown[]> {
  return withClient(clone.owner, log, async (client) => (await client.query<object>('SELECT number, name FROM migration_files ORDER BY number')).rows);
}

test('a database is migrated once, whichever of two processes that start together comes first', async () => {
  const children = [1, 2].map(() => new ServiceChild({ DATA_DIR: tmpdir(), DATABASE_URL: urls().databaseUrl }));
  await Promise.all(children.map((child) => child.opened()));
  expect(await Promise.all(children.map((child) => child.end('SIGTERM')))).toEqual([0, 0]);
  const files = await readMigrationFiles();
  expect(await applied()).toEqual(files.map(({ number, name }) => ({ number, name })));
  expect(children.map(({ stderr }) => stderr.match(/migration .* applied/g)?.length ?? 0).toSorted()).toEqual([0, files.length]);
});

test('a later migration is applied to a database of an earlier release', async () => {
  await openAndClose();
  await writeFile(next, 'create table later (n integer);');
  await openAndClose();
  expect(await applied()).toHaveLength((await readMigrationFiles(migrationsDir)).length);
});

test('a migration that fails leaves nothing behind, and the next start tries it again', async () => {
  await openAndClose();
  const before = await applied();
  await writeFile(next, 'create table later (n integer); select 1 / 0;');
  await expect(openAndClose()).rejects.toMatchObject({ code: 'migration-failed', message: expect.stringContaining('division by zero') });
  expect(await applied()).toEqual(before);
  await writeFile(next, 'create table later (n integer);');
  await openAndClose();
});

test('a migration that was edited after it was applied is refused', async () => {
  await openAndClose();
  await appendFile(join(migrationsDir, '0001_log.sql'), '-- a small change\n');
  await expect(openAndClose()).rejects.toMatchObject({ code: 'migration-changed' });
});

test('a migration checked out with CRLF line ends is the same', async () => {
  await openAndClose();
  const [first] = await readMigrationFiles(migrationsDir);
  await writeFile(join(migrationsDir, `${first?.name}.sql`), (first?.sql ?? '').replaceAll('\n', '\r\n'));
  await openAndClose();
});

test('a database of a newer release is refused', async () => {
  await writeFile(next, 'create table later (n integer);');
  await openAndClose();
  await unlink(next);
  await expect(openAndClose()).rejects.toMatchObject({ code: 'database-newer', message: expect.stringContaining('_next') });
});

test('a gap in the numbers is refused', async () => {
  await writeFile(join(migrationsDir, '0099_far.sql'), 'select 1');
  await expect(openAndClose()).rejects.toMatchObject({ code: 'migration-failed', message: expect.stringContaining('0099_far') });
});

test('migrations/schema.sql is what the migrations make', async () => {
  const database = await openDatabase({ dataDir: tmpdir(), ...urls(), log });
  try {
    expect(await readFile(join(MIGRATIONS_DIR, 'schema.sql'), 'utf8')).toBe(await dumpSchema(database.owner));
  } finally {
    await database.close();
  }
});
