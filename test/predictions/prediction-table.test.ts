import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PredictionTable, type PredictionFilter } from '../../src/predictions/prediction-table.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

const ROWS = 120_000;
const RARE = new Set([0, 49_999, 50_000, 50_001, 99_999, 100_000, 119_999]);

let database: TestDatabase;
let table: PredictionTable;
let log: number;

// Rows alone, written straight to the read model: the service would take minutes for so many.
beforeAll(async () => {
  database = await createTestDatabase();
  table = new PredictionTable(database.database.pool);
  const { owner } = database.database;
  const { rows } = await owner.query<{ id: number }>(
    `with t as (insert into tenant (name) values ('rare') returning id)
     insert into log (tenant, name, origin, open) select id, 'rare', 'example.com/logs/rare', true from t returning id`,
  );
  log = rows[0]?.id as number;
  await owner.query(`insert into log_head values ($1, $2, $3, '', 0)`, [log, ROWS, Buffer.alloc(32)]);
  await owner.query(
    `insert into prediction (log, index, id, time, model, version, principal)
     select $1, n, 'id-' || n, n / 1000, 'model', '1', case when n = any($3::int[]) then 'rare' else 'common' end from generate_series(0, $2 - 1) as n`,
    [log, ROWS, [...RARE]],
  );
});
afterAll(() => database.drop());

async function walk(filter: PredictionFilter, order: 'asc' | 'desc', limit: number): Promise<{ found: number[]; pages: number }> {
  const found: number[] = [];
  let cursor: number | undefined;
  for (let pages = 1; ; pages++) {
    const page = await table.page(log, filter, order, cursor, limit, () => 'TRUE');
    found.push(...page.rows.map(({ index }) => index));
    if (page.next === undefined) return { found, pages };
    cursor = page.next;
  }
}

test.each([
  ['asc', 2],
  ['desc', 2],
  ['asc', 1000],
  ['desc', 1000],
] as const)('what is rare is found %s, in pages of at most %i rows and 50,000 indices', async (order, limit) => {
  const { found, pages } = await walk({ principal: 'rare' }, order, limit);
  expect(found).toEqual(order === 'asc' ? [...RARE] : [...RARE].reverse());
  expect(pages).toBeGreaterThanOrEqual(3);
});

test('what is nowhere ends after the pages that it takes to be sure', async () => {
  expect(await walk({ principal: 'nowhere' }, 'desc', 100)).toEqual({ found: [], pages: 3 });
  expect(await walk({ principal: 'nowhere' }, 'asc', 100)).toEqual({ found: [], pages: 3 });
});

test('a window of time looks at nothing beside it', async () => {
  expect(await walk({ principal: 'rare', from: 50, to: 51 }, 'asc', 100)).toEqual({ found: [50_000, 50_001], pages: 1 });
  expect(await walk({ principal: 'rare', from: 50, to: 51 }, 'desc', 100)).toEqual({ found: [50_001, 50_000], pages: 1 });
  const { found, pages } = await walk({ from: 119, to: 200 }, 'desc', 1000);
  expect([found.length, pages]).toEqual([1000, 1]);
});

test('a cursor outside of the window stays in it', async () => {
  expect(await table.page(log, { from: 50, to: 51 }, 'asc', 0, 1, () => 'TRUE')).toMatchObject({ rows: [{ index: 50_000 }] });
  expect(await table.page(log, { from: 50, to: 51 }, 'desc', ROWS, 1, () => 'TRUE')).toMatchObject({ rows: [{ index: 50_999 }] });
  expect(await table.page(log, { from: 50, to: 51 }, 'asc', 51_000, 1, () => 'TRUE')).toEqual({ rows: [], next: undefined });
  expect(await table.page(log, { from: 50, to: 51 }, 'desc', 49_999, 1, () => 'TRUE')).toEqual({ rows: [], next: undefined });
});

test('another log has none of it', async () => {
  expect(await table.page(log + 1, {}, 'desc', undefined, 10, () => 'TRUE')).toEqual({ rows: [], next: undefined });
  expect(await table.indexOf(log + 1, 'id-1', () => 'TRUE')).toBeUndefined();
  expect(await table.indexOf(log, 'id-1', () => 'TRUE')).toBe(1);
});
