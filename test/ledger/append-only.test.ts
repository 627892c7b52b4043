import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { sampleDraft } from './sample-draft.ts';
import { createTestLog, type TestLog } from './test-log.ts';

const LOG_TABLES = ['tenant', 'log', 'log_key', 'log_head', 'entry', 'tile', 'checkpoint'];
const ERASABLE = ['payload', 'data_key', 'token'];
const OTHERS = ['prediction', 'api_key', 'tally', 'tally_writer', 'minute_totals', 'intake_total', 'minute_check', 'request', 'legal_hold', 'erased', 'quarantine', 'disclosure'];

/** What of a table that is no part of the log may change. */
const CHANGEABLE: Readonly<Record<string, readonly string[]>> = {
  api_key: ['revoked', 'expires', 'last_used', 'successor', 'revocation'],
  request: ['state', 'decider', 'decided', 'decision_index'],
  legal_hold: ['released', 'released_index'],
};

let database: TestDatabase;
let log: TestLog;
beforeAll(async () => {
  database = await createTestDatabase();
  log = await createTestLog(database);
  await log.append(Array.from({ length: 300 }, () => sampleDraft()));
  const { pool } = database.database;
  await pool.query("insert into checkpoint (log, size, root, note) values ($1, 1, $2, 'note')", [log.id, Buffer.alloc(32)]);
  await pool.query("insert into data_key (id, log, epoch, wrapped) values (1, $1, 1, '\\x00')", [log.id]);
});
afterAll(() => database.drop());

/** The SQLSTATE with which the runtime role is refused. */
async function refusal(sql: string, values: readonly unknown[] = [], pool: Pick<Pool, 'query'> = database.database.pool): Promise<unknown> {
  return pool.query(sql, [...values]).then(
    ({ rowCount }) => `done, ${rowCount} rows`,
    (error: { code: string }) => error.code,
  );
}

const INSUFFICIENT_PRIVILEGE = '42501';
const INTEGRITY = '23000';

describe('the runtime role', () => {
  test.each([...LOG_TABLES, ...ERASABLE, ...OTHERS])('neither changes, deletes from nor empties %s', async (table) => {
    const { rows } = await database.database.owner.query<{ column: string }>(
      `select attname as column from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attidentity = ''`,
      [table],
    );
    const changeable = CHANGEABLE[table] ?? [];
    for (const { column } of rows.filter((row) => !changeable.includes(row.column))) expect([column, await refusal(`update ${table} set ${column} = ${column}`)]).toEqual([column, INSUFFICIENT_PRIVILEGE]);
    expect(await refusal(`delete from ${table}`)).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await refusal(`truncate ${table} cascade`)).toBe(INSUFFICIENT_PRIVILEGE);
    if (changeable.length === 0) expect(await refusal(`select * from ${table} for update`)).toBe(INSUFFICIENT_PRIVILEGE);
  });

  test.each([
    ['drop table entry cascade'],
    ['alter table entry disable trigger append_only'],
    ['drop trigger append_only on entry'],
    ['create or replace function refuse_change() returns trigger language plpgsql as $$ begin return new; end $$'],
    ['create or replace rule r as on insert to entry do instead nothing'],
    ['create table entry_2 ()'],
    ['set session_replication_role = replica'],
    ['set role postgres'],
    ['alter role prediction_ledger_runtime superuser'],
    ["copy entry to program 'true'"],
  ])('does not get around it: %s', async (sql) => {
    expect(['42501', '22023', '42704']).toContain(await refusal(sql));
  });

  test('moves the head by the function alone, and only forward', async () => {
    const head = await log.store.readHead(log.id);
    const advance = 'select advance_head($1, $2, $3, 0, $4, $5, $6, $7, $8) as ok';
    const to = (size: number, expected = head.size, hash = Buffer.from(head.hash)) => [log.id, expected, hash, size, Buffer.alloc(32), Buffer.alloc(0), head.time, null];
    expect(await refusal(advance, to(head.size - 1))).toBe(INTEGRITY);
    expect(await refusal(advance, to(0))).toBe(INTEGRITY);
    expect(await refusal(advance, to(head.size))).toBe(INTEGRITY);
    for (const values of [to(head.size + 1, head.size - 1), to(head.size + 1, head.size, Buffer.alloc(32, 9)), to(head.size + 2, head.size + 1)]) {
      expect((await database.database.pool.query<{ ok: boolean }>(advance, values)).rows).toEqual([{ ok: false }]);
    }
    const backwards = to(head.size + 1);
    backwards[6] = head.time - 1;
    expect(await refusal(advance, backwards)).toBe(INTEGRITY);
    await log.check();
  });

  test('erases nothing without an entry that says so, written by the same transaction', async () => {
    const erase = (by: number | null) => refusal('select erase_keys($1, $1, $2, array[1]::bigint[])', [log.id, by]);
    expect(await erase(null)).toBe(INTEGRITY);
    // An entry of another type, an entry that is there already, one that is not there.
    for (const by of [5, 299, 100_000]) expect(await erase(by)).toBe(INTEGRITY);
    expect(await refusal('select authorize_erased($1, $1, 5)', [log.id])).toBe('done, 0 rows');
  });

  test('writes nothing twice', async () => {
    expect(await refusal("insert into entry (log, index, bytes) values ($1, 0, 'other')", [log.id])).toBe('23505');
    expect(await refusal("insert into tile (log, level, index, root, hashes) values ($1, 0, 0, $2, $3)", [log.id, Buffer.alloc(32), Buffer.alloc(8192)])).toBe('23505');
    expect(await refusal("insert into checkpoint (log, size, root, note) values ($1, 1, $2, 'other')", [log.id, Buffer.alloc(32)])).toBe('23505');
    expect(await refusal("insert into entry (log, index, bytes) values ($1, 0, 'other') on conflict (log, index) do update set bytes = excluded.bytes", [log.id])).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await refusal("merge into entry e using (select 1) s on e.log = $1 and e.index = 0 when matched then update set bytes = 'x'", [log.id])).toBe(INSUFFICIENT_PRIVILEGE);
  });
});

describe('the owner of the tables', () => {
  test.each(LOG_TABLES)('is refused by the triggers on %s too', async (table) => {
    const { owner } = database.database;
    const column = table === 'tenant' || table === 'log' ? 'name' : 'log';
    if (table !== 'log_head') expect(await refusal(`update ${table} set ${column} = ${column}`, [], owner)).toBe(INTEGRITY);
    expect(await refusal(`delete from ${table}`, [], owner)).toBe(INTEGRITY);
    expect(await refusal(`truncate ${table} cascade`, [], owner)).toBe(INTEGRITY);
  });

  test('cannot make a head smaller or older, nor give it to another log', async () => {
    const { owner } = database.database;
    expect(await refusal('update log_head set size = size - 1 where log = $1', [log.id], owner)).toBe(INTEGRITY);
    expect(await refusal('update log_head set time = time - 1 where log = $1', [log.id], owner)).toBe(INTEGRITY);
    expect(await refusal('update log_head set log = log + 1 where log = $1', [log.id], owner)).toBe(INTEGRITY);
  });

  test.each(['payload', 'prediction'])('does not empty %s either', async (table) => {
    expect(await refusal(`truncate ${table}`, [], database.database.owner)).toBe(INTEGRITY);
  });
});

test('the log is as it was', async () => {
  expect(await log.check()).toHaveLength(301);
});
