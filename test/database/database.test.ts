import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase } from '../test-database.ts';
import type { TestDatabase } from '../test-database.ts';

describe('an open database', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createTestDatabase();
  });
  afterAll(() => db.drop());

  test('works as the runtime role', async () => {
    const { rows } = await db.database.pool.query('SELECT current_user AS role');
    expect(rows).toEqual([{ role: 'prediction_ledger_runtime' }]);
  });
});
