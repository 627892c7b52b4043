import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { compareRulesWithSql } from '../../prove/rules-against-sql.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('what is decided in memory is what the query finds: 2,000 random sets of rules over 60 rows with NULLs', async () => {
  const { pairs, allowed } = await compareRulesWithSql(database.database.owner, 2000, 60, 20_261_127);
  expect(pairs).toBe(120_000);
  // Neither nearly all nor nearly none, or the comparison would say little.
  expect(allowed / pairs).toBeGreaterThan(0.1);
  expect(allowed / pairs).toBeLessThan(0.6);
});
