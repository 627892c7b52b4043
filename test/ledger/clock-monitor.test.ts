import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ClockMonitor } from '../../src/ledger/clock-monitor.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

let database: TestDatabase;
let monitor: ClockMonitor | undefined;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(() => monitor?.stop());

/** PostgreSQL's clock, read after `delay` seconds and answered after as many again. */
async function databaseNow(delay = 0): Promise<number> {
  const { rows } = await database.database.pool.query<{ now: number }>(
    `select (extract(epoch from clock_timestamp()) * 1000)::float8 as now, pg_sleep($1) from pg_sleep($1)`,
    [delay],
  );
  return rows[0]?.now ?? NaN;
}

async function monitorOf(now: () => number, delay = 0): Promise<{ monitor: ClockMonitor; warned: string[] }> {
  const warned: string[] = [];
  monitor = new ClockMonitor({ now }, () => databaseNow(delay), (message) => warned.push(message));
  await monitor.start();
  return { monitor, warned };
}

describe('ClockMonitor', () => {
  test.each([0, 4500, -4500])('lets a clock that is %d ms off append', async (off) => {
    const { monitor, warned } = await monitorOf(() => Date.now() + off);
    expect(monitor.finding).toBeUndefined();
    monitor.check();
    expect(warned).toEqual([]);
  });

  test.each([
    [6000, /6\.0 s ahead of PostgreSQL’s/],
    [-6000, /6\.0 s behind PostgreSQL’s/],
    [86_400_000, /86400\.0 s ahead/],
  ])('refuses appends under a clock that is %d ms off, and says so once', async (off, said) => {
    const { monitor, warned } = await monitorOf(() => Date.now() + off);
    expect(monitor.finding).toMatch(said);
    expect(() => monitor.check()).toThrow(expect.objectContaining({ code: 'clock-skew', retryAfterMs: 5000 }));
    expect(warned).toHaveLength(1);
    expect(warned[0]).toMatch(said);
  });

  test('a database that is slow to answer is not a clock that is off', async () => {
    // What a round trip of 12 s looks like, whose middle is 6 s from what PostgreSQL said.
    let asked = 0;
    const { monitor } = await monitorOf(() => Date.now() + (asked++ < 2 ? -12_000 : 0), 0.05);
    expect(monitor.finding).toBeUndefined();
  });

  test('a clock that is set between two measurements is noticed before the next entry', async () => {
    let off = 0;
    const { monitor } = await monitorOf(() => Date.now() + off);
    monitor.check();
    for (off of [7000, -7000]) expect(() => monitor.check()).toThrow(expect.objectContaining({ code: 'clock-skew' }));
    off = 0;
    monitor.check();
  });
});
