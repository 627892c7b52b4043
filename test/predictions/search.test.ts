import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EXCEPTION_BITS } from '../../src/predictions/exception-words.ts';
import { requireWindow, sourceOf } from '../../src/predictions/combinations.ts';
import { PredictionTable, type PredictionFilter } from '../../src/predictions/prediction-table.ts';
import { searchSql } from '../../src/predictions/search-sql.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

const ROWS = 60_000;
const SUBJECT = Buffer.alloc(12, 7);

interface Row {
  model: string;
  version: string;
  deployment: string | null;
  outcome: string | null;
  principal: string;
  exceptions: number | null;
  subject: boolean;
}

/** The nth row: what is rare is far apart. */
function nth(n: number): Row {
  return {
    model: n % 1000 === 17 ? 'rare' : `model-${n % 3}`,
    version: `${Math.floor(n / 15_000)}.${n % 2}`,
    deployment: n % 997 === 5 ? 'shadow' : n % 4 === 0 ? null : 'live',
    outcome: n % 5 === 0 ? null : n % 1013 === 11 ? 'referred' : 'declined',
    principal: `prn_${n % 2}`,
    exceptions: n % 911 === 3 ? (n % 2 === 0 ? EXCEPTION_BITS['retired-version'] : EXCEPTION_BITS['unapproved-version'] | EXCEPTION_BITS['clock-skew']) : null,
    subject: n % 2003 === 9,
  };
}

let database: TestDatabase;
let table: PredictionTable;
let log: number;

beforeAll(async () => {
  database = await createTestDatabase();
  table = new PredictionTable(database.database.pool);
  const { owner } = database.database;
  const { rows } = await owner.query<{ id: number }>(
    `with t as (insert into tenant (name) values ('search') returning id)
     insert into log (tenant, name, origin, open) select id, 'search', 'example.com/logs/search', true from t returning id`,
  );
  log = rows[0]?.id as number;
  await owner.query(`insert into log_head values ($1, $2, $3, '', 0)`, [log, ROWS, Buffer.alloc(32)]);
  const all = Array.from({ length: ROWS }, (_, n) => nth(n));
  const column = (name: keyof Row): unknown[] => all.map((row) => row[name]);
  await owner.query(
    `insert into prediction (log, index, id, time, model, version, deployment, outcome, principal, exceptions)
     select $1, n - 1, 'id-' || (n - 1), (n - 1) / 500, model, version, deployment, outcome, principal, exceptions
     from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[]) with ordinality as r(model, version, deployment, outcome, principal, exceptions, n)`,
    [log, column('model'), column('version'), column('deployment'), column('outcome'), column('principal'), column('exceptions')],
  );
  await owner.query(`insert into data_key (id, log, epoch, wrapped, subject) values (1, $1, 1, '', $2), (2, $1, 1, '', $2), (3, $1, 1, '', null)`, [log, SUBJECT]);
  await owner.query(`insert into payload (log, index, key, sealed) select $1, n, case when n % 2003 = 9 then 1 + n % 2 else 3 end, '' from generate_series(0, $2 - 1) as n`, [log, ROWS]);
  // What was told of a subject's predictions stands under the same key, and is no prediction.
  await owner.query(`insert into payload (log, index, key, sealed) values ($1, $2, 1, '')`, [log, ROWS + 5]);
  await owner.query('vacuum analyze');
}, 120_000);
afterAll(() => database.drop());

async function walk(filter: PredictionFilter, order: 'asc' | 'desc', limit: number, seen = (): string => 'TRUE'): Promise<number[]> {
  const found: number[] = [];
  let cursor: number | undefined;
  for (let pages = 0; pages < 5000; pages++) {
    const page = await table.page(log, filter, order, cursor, limit, seen);
    found.push(...page.rows.map(({ index }) => index));
    if (page.next === undefined) return found;
    cursor = page.next;
  }
  throw new Error('the pages have no end');
}

function matching(filter: PredictionFilter): number[] {
  return Array.from({ length: ROWS }, (_, n) => n).filter((n) => {
    const row = nth(n);
    const time = Math.floor(n / 500);
    return (
      (['model', 'version', 'outcome', 'deployment', 'principal'] as const).every((name) => filter[name] === undefined || row[name] === filter[name]) &&
      (filter.exceptions === undefined || ((row.exceptions ?? 0) & filter.exceptions) !== 0) && (filter.subject === undefined || row.subject) &&
      (filter.from === undefined || time >= filter.from) && (filter.to === undefined || time < filter.to)
    );
  });
}

const ANY = Object.values(EXCEPTION_BITS).reduce((a, b) => a | b, 0);
const NAMED: [string, PredictionFilter, string[]][] = [
  ['all', {}, ['prediction_pkey']],
  ['a model', { model: 'rare' }, ['prediction_model']],
  ['a model version', { model: 'model-1', version: '2.1' }, ['prediction_model']],
  ['a decision of a model', { model: 'model-1', outcome: 'referred' }, ['prediction_decision']],
  ['a deployment', { deployment: 'shadow' }, ['prediction_deployment']],
  ['a deployment of a model', { deployment: 'shadow', model: 'model-2' }, ['prediction_deployment']],
  ['any exception', { exceptions: ANY }, ['prediction_exceptions']],
  ['one exception of a version', { exceptions: EXCEPTION_BITS['clock-skew'], model: 'model-1', version: '1.1' }, ['prediction_exceptions']],
  ['a data subject', { subject: SUBJECT }, ['payload_key', 'prediction_pkey']],
  ['a data subject and a model', { subject: SUBJECT, model: 'model-0' }, ['payload_key', 'prediction_pkey']],
];

describe('each named combination', () => {
  test.each(NAMED)('%s is found whole, in both orders, in and out of a window, without one being asked for', async (_name, filter) => {
    expect(() => requireWindow(filter)).not.toThrow();
    for (const window of [{}, { from: 31, to: 64 }]) {
      const expected = matching({ ...filter, ...window });
      if (_name !== 'all') expect(expected.length).toBeGreaterThan(0);
      const limit = expected.length > 5000 ? 5000 : 7;
      expect(await walk({ ...filter, ...window }, 'asc', limit)).toEqual(expected);
      expect(await walk({ ...filter, ...window }, 'desc', limit)).toEqual(expected.toReversed());
    }
  });

  test.each(NAMED)('%s is found by its index, and no table is read through', async (_name, filter, indexes) => {
    for (const order of ['asc', 'desc'] as const) {
      for (const [from, to] of [[0, ROWS], [15_000, 45_000]] as const) {
        const { source } = sourceOf(filter);
        const strands = source === 'model' ? ['0.0', '1.1'] : source === 'subject' ? [1, 2] : [];
        const { text, values } = searchSql({ log, source, filter, strands, order, range: { from, to }, limit: 101, scan: 5000, seen: () => 'TRUE' });
        const { rows } = await database.database.pool.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
        const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
        expect(plan).not.toMatch(/Seq Scan/);
        for (const index of indexes) expect(plan).toContain(index);
      }
    }
  });

  test('is found whole where rules let only some of it through', async () => {
    const mine = (): string => `(principal = 'prn_1')`;
    for (const filter of [{ model: 'model-1', version: '2.1' }, { model: 'rare' }, { model: 'model-2', outcome: 'declined' }, { exceptions: ANY }]) {
      const expected = matching({ ...filter, principal: 'prn_1' });
      expect(await walk(filter, 'desc', 1000, mine)).toEqual(expected.toReversed());
      expect(await walk(filter, 'asc', 1000, mine)).toEqual(expected);
    }
    // Far apart: what is looked through in vain ends a page, and the next goes on.
    const rare = (): string => `(index % 10000 = 30)`;
    expect(await walk({ model: 'model-0', version: '0.0' }, 'asc', 10, rare)).toEqual(matching({ model: 'model-0', version: '0.0' }).filter((n) => n % 10_000 === 30));
  });
});

describe('any other combination', () => {
  const OTHERS: PredictionFilter[] = [
    { version: '1.0' }, { outcome: 'declined' }, { deployment: 'live' }, { principal: 'prn_1' }, { model: 'model-1', principal: 'prn_1' }, { model: 'model-1', deployment: 'live' },
    { model: 'model-1', version: '0.1', outcome: 'declined' }, { deployment: 'shadow', outcome: 'declined' }, { model: 'rare', version: '0.1', deployment: 'live', outcome: 'declined', principal: 'prn_1' },
  ];
  test.each(OTHERS)('%j needs a window of time, says so, and is found whole in one', async (filter) => {
    expect(() => requireWindow(filter)).toThrow(expect.objectContaining({ code: 'window-needed' }));
    expect(() => requireWindow({ ...filter, to: 64 })).toThrow();
    const window = { from: 31, to: 64 };
    expect(() => requireWindow({ ...filter, ...window })).not.toThrow();
    expect(await walk({ ...filter, ...window }, 'asc', 5000)).toEqual(matching({ ...filter, ...window }));
    expect(await walk({ ...filter, ...window }, 'desc', 5000)).toEqual(matching({ ...filter, ...window }).toReversed());
  });
});

test('a model with more versions than one query goes through is found whole all the same', async () => {
  const { owner } = database.database;
  await owner.query(`insert into prediction (log, index, id, time, model, version) select $1, $2 + n, 'many-' || n, 1000, 'many', 'v' || (n % 100) from generate_series(0, 299) as n`, [log, ROWS]);
  await owner.query('update log_head set size = $2 where log = $1', [log, ROWS + 300]);
  expect(await walk({ model: 'many' }, 'asc', 50)).toEqual(Array.from({ length: 300 }, (_, n) => ROWS + n));
});
