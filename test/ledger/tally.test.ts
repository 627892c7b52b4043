import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Tally, type Count } from '../../src/ledger/tally.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { startCuttingProxy, type CuttingProxy } from './cutting-proxy.ts';
import { createTestLog } from './test-log.ts';

let database: TestDatabase;
let log: number;
const tallies: Tally[] = [];
const said: string[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const tally of tallies.splice(0)) await tally.close();
});
afterAll(() => database.drop());

async function make(pool = database.database.pool, patienceMs = 5000): Promise<Tally> {
  log = (await createTestLog(database)).id;
  const tally = new Tally({ pool, patienceMs, say: (level, message) => said.push(`${level}: ${message}`) });
  tallies.push(tally);
  return tally;
}

const count = (subject = 'prn_1', reason = 'invalid-record', what: Count['what'] = 'refused'): Count => ({ log, what, subject, reason });

async function counted(): Promise<Record<string, number>> {
  const { rows } = await database.database.pool.query<{ key: string; count: number }>(
    `select what || ' ' || subject || ' ' || reason as key, count from tally where log = $1 order by 1`,
    [log],
  );
  return Object.fromEntries(rows.map((row) => [row.key, row.count]));
}

/** Transactions of the database so far, as its writers number them. */
async function transactions(): Promise<number> {
  const { rows } = await database.database.pool.query<{ id: string }>('select pg_current_xact_id()::text as id');
  return Number(rows[0]?.id);
}

describe('a count', () => {
  test('is in the database when it resolves, and counts like with like', async () => {
    const tally = await make();
    await tally.add(count());
    expect(await counted()).toEqual({ 'refused prn_1 invalid-record': 1 });
    await Promise.all([tally.add(count()), tally.add(count('prn_2')), tally.add(count('prn_1', 'id-taken')), tally.add(count('prn_1', '', 'duplicate'))]);
    expect(await counted()).toEqual({
      'duplicate prn_1 ': 1, 'refused prn_1 id-taken': 1, 'refused prn_1 invalid-record': 2, 'refused prn_2 invalid-record': 1,
    });
  });

  test('shares its transaction with all that come meanwhile', async () => {
    const tally = await make();
    const before = await transactions();
    for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 2000 }, () => tally.add(count())));
    expect((await transactions()) - before).toBeLessThanOrEqual(8);
    expect(await counted()).toEqual({ 'refused prn_1 invalid-record': 6000 });
  });

  test('of several processes at once adds up', async () => {
    const many = [await make(), await make(), await make(), await make()];
    const subjects = ['prn_1', 'prn_2', 'prn_3', 'prn_4'];
    await Promise.all(
      many.flatMap((tally, i) => Array.from({ length: 100 }, async (_, n) => {
        await new Promise((done) => setTimeout(done, n % 7));
        await tally.add(count(subjects[(n + i) % 4]));
      })),
    );
    expect(await counted()).toEqual(Object.fromEntries(subjects.map((subject) => [`refused ${subject} invalid-record`, 100])));
  });

  test('that nobody waits for is there within some time, and at the end', async () => {
    const tally = await make();
    tally.note(count());
    expect(await counted()).toEqual({});
    for (let i = 0; i < 200 && Object.keys(await counted()).length === 0; i++) await new Promise((done) => setTimeout(done, 25));
    tally.note(count());
    await tally.close();
    expect(await counted()).toEqual({ 'refused prn_1 invalid-record': 2 });
  });

  test('that the database refuses is refused alone', async () => {
    const tally = await make();
    await expect(tally.add(count('x'.repeat(65)))).rejects.toThrow('tally_subject_check');
    await tally.add(count());
    expect(await counted()).toEqual({ 'refused prn_1 invalid-record': 1 });
  });
});

describe('a connection that breaks', () => {
  let proxy: CuttingProxy;
  beforeEach(async () => {
    proxy = await startCuttingProxy(database.settings.runtimeDatabaseUrl);
  });
  afterEach(() => proxy.close());

  test.each(['before', 'after'] as const)('%s the commit neither loses nor doubles', async (when) => {
    const tally = await make(proxy.pool);
    await tally.add(count());
    // The statement is prepared on its connection: what goes over the wire from then on is its name.
    proxy.cutNext('add-tallies', when);
    await Promise.all([tally.add(count()), tally.add(count())]);
    await tally.add(count());
    expect(proxy.cuts).toBe(1);
    expect(await counted()).toEqual({ 'refused prn_1 invalid-record': 4 });
    await tally.close();
  });

  test('for longer than one waits is said; what was counted is there later, once', async () => {
    const tally = await make(proxy.pool, 100);
    await tally.add(count());
    proxy.stayAway(true);
    proxy.cutNext('add-tallies', 'after');
    await expect(tally.add(count())).rejects.toMatchObject({ code: 'database-unavailable' });
    tally.note(count('prn_2'));
    await expect(tally.flush()).rejects.toMatchObject({ code: 'database-unavailable' });
    proxy.stayAway(false);
    await tally.flush();
    expect(await counted()).toEqual({ 'refused prn_1 invalid-record': 2, 'refused prn_2 invalid-record': 1 });
    proxy.stayAway(true);
    proxy.cutNext('add-tallies', 'before');
    tally.note(count());
    await tally.close();
    expect(said.at(-1)).toBe('warn: 1 refusals could not be counted: the database does not answer');
  });
});
