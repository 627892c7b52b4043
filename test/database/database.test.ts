import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withClient } from '../../src/database/connect.ts';
import { databaseUrlOf, parseDatabaseUrl, withSetting } from '../../src/database/connection.ts';
import type { Connection } from '../../src/database/connection.ts';
import { openDatabase } from '../../src/database/database.ts';
import { APPEND_ONLY_TABLES } from '../../src/database/roles.ts';
import { refuseOldServer } from '../../src/database/server-requirements.ts';
import { cloneTemplate, createTestDatabase } from '../test-database.ts';
import type { TestDatabase } from '../test-database.ts';

const log = (): void => undefined;
let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

function owner(): Connection {
  return parseDatabaseUrl(db.settings.databaseUrl);
}

describe('an open database', () => {
  test('works as the runtime role, in every pool', async () => {
    const question = 'SELECT current_user AS role';
    const extra = db.database.newPool(1);
    const answers = [await db.database.pool.query(question), await extra.query(question)].map(({ rows }) => rows as unknown);
    expect(answers).toEqual(Array.from({ length: 2 }, () => [{ role: 'prediction_ledger_runtime' }]));
  });

  test('gives int8 as a number, and refuses one that a number cannot hold', async () => {
    const { rows } = await db.database.pool.query('SELECT 9007199254740991::int8 AS size');
    expect(rows).toEqual([{ size: 9007199254740991 }]);
    await expect(db.database.pool.query('SELECT 9007199254740993::int8 AS size')).rejects.toThrow('int8 beyond 2^53');
  });

  test('tells how far the clocks are apart', async () => {
    expect(Math.abs(await db.database.clockSkew())).toBeLessThan(1_000);
  });

  test('opens a second time on the same database, as another replica does', async () => {
    const second = await openDatabase({ ...db.settings, log });
    await second.close();
  });
});

describe('the runtime role', () => {
  const statements = APPEND_ONLY_TABLES.flatMap((table) => [
    `UPDATE ${table} SET ${table === 'tenant' || table === 'log' ? 'name = name' : 'log = log'}`,
    `DELETE FROM ${table}`,
    `TRUNCATE ${table}`,
    `ALTER TABLE ${table} DISABLE TRIGGER ALL`,
    `DROP TABLE ${table}`,
  ]);
  test.each([
    ...statements,
    'DELETE FROM payload',
    'TRUNCATE payload',
    'DELETE FROM data_key',
    'CREATE TABLE mine (n integer)',
    'CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ begin return new; end $$',
    'SET session_replication_role = replica',
    `COPY entry FROM PROGRAM 'true'`,
  ])('cannot %s', async (statement) => {
    await expect(db.database.pool.query(statement)).rejects.toMatchObject({ code: '42501' });
  });

  test('has no owner to go back to', async () => {
    const owner = parseDatabaseUrl(db.settings.databaseUrl).user;
    const client = await db.database.pool.connect();
    try {
      for (const statement of ['RESET ROLE', 'RESET SESSION AUTHORIZATION']) {
        await client.query(statement);
        const { rows } = await client.query('SELECT current_user AS role');
        expect(rows).toEqual([{ role: 'prediction_ledger_runtime' }]);
      }
      if (process.env['TEST_DATABASE_URL'] === undefined) {
        await expect(client.query(`SET ROLE ${owner}`)).rejects.toMatchObject({ code: '42501' });
        await expect(client.query('SET ROLE prediction_ledger_eraser')).rejects.toMatchObject({ code: '42501' });
        await expect(client.query(`SET SESSION AUTHORIZATION ${owner}`)).rejects.toMatchObject({ code: '42501' });
      }
    } finally {
      client.release();
    }
  });
});

describe('refuses', () => {
  test.each(['synchronous_commit'])('a role whose %s is off, though the server’s is on', async (setting) => {
    const { databaseUrl, dataDir } = db.settings;
    await withClient(owner(), log, async (client) => {
      await client.query(`ALTER DATABASE ${owner().database} SET ${setting} = off`);
      try {
        await expect(openDatabase({ databaseUrl, dataDir, log })).rejects.toMatchObject({
          code: 'database-not-durable',
          message: expect.stringContaining(`${setting} is off`),
        });
      } finally {
        await client.query(`ALTER DATABASE ${owner().database} RESET ${setting}`);
      }
    });
  });

  test('a runtime role that is the owner', async () => {
    const { databaseUrl, dataDir } = db.settings;
    await expect(openDatabase({ databaseUrl, runtimeDatabaseUrl: databaseUrl, dataDir, log })).rejects.toMatchObject({
      code: 'runtime-role-too-strong',
    });
  });

  test('a runtime role that may change an append-only table', async () => {
    await withClient(owner(), log, async (client) => {
      await client.query('GRANT UPDATE (bytes) ON entry TO prediction_ledger_runtime');
      try {
        await expect(openDatabase({ ...db.settings, log })).rejects.toMatchObject({
          code: 'runtime-role-too-strong',
          message: expect.stringContaining('may UPDATE entry'),
        });
      } finally {
        await client.query('REVOKE UPDATE (bytes) ON entry FROM prediction_ledger_runtime');
      }
    });
  });

  test('a database that is not UTF-8', async () => {
    const clone = await cloneTemplate(`template0 ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc`);
    await expect(openClone(clone)).rejects.toMatchObject({ code: 'database-not-utf8' });
    expect(await clone.drop()).toEqual([]);
  });

  test('a server before PostgreSQL 15', () => {
    expect(() => refuseOldServer(140_012, '14.12')).toThrow('the server runs PostgreSQL 14.12, but 15 or newer is needed');
    expect(() => refuseOldServer(150_000, '15.0')).not.toThrow();
  });

  test('an owner who may not create roles that are missing, and tells the DBA what to run', async () => {
    const clone = await cloneTemplate('template0');
    await withClient(owner(), log, async (client) => {
      await client.query(`CREATE ROLE pl_test_weak LOGIN PASSWORD 'weak'`);
      await client.query(`GRANT CONNECT ON DATABASE ${clone.owner.database} TO pl_test_weak`);
    });
    const weak = { ...clone.owner, user: 'pl_test_weak', password: 'weak' };
    try {
      await expect(openClone({ ...clone, owner: weak, runtime: withSetting(weak, 'role', 'prediction_ledger_runtime') })).rejects.toMatchObject({
        code: 'roles-missing',
        message: expect.stringContaining('GRANT prediction_ledger_runtime, prediction_ledger_eraser TO pl_test_weak;'),
      });
    } finally {
      await clone.drop();
      await withClient(owner(), log, (client) => client.query('DROP ROLE pl_test_weak'));
    }
  });

  test('a wrong password and a wrong name at once, without repeating the URL', async () => {
    const secret = 'very-secret';
    const databaseUrl = db.settings.databaseUrl.replace(/:[^:@]*@/, `:${secret}@`);
    const error: Error = await openDatabase({ ...db.settings, databaseUrl, log }).then(
      () => Promise.reject(new Error('opened')),
      (cause: Error) => cause,
    );
    expect(error).toMatchObject({ code: 'database-unreachable', message: expect.stringContaining('password authentication failed') });
    expect(error.message).not.toContain(secret);
    await expect(openDatabase({ dataDir: '/', databaseUrl: 'http://localhost/', log })).rejects.toMatchObject({ code: 'database-url-malformed' });
  });
});

async function openClone(clone: Pick<Awaited<ReturnType<typeof cloneTemplate>>, 'owner' | 'runtime'>): Promise<void> {
  const database = await openDatabase({
    dataDir: db.settings.dataDir,
    databaseUrl: databaseUrlOf(clone.owner),
    runtimeDatabaseUrl: databaseUrlOf(clone.runtime),
    log,
  });
  await database.close();
}
