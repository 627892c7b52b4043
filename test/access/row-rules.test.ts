import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { compareRulesWithSql } from '../../prove/rules-against-sql.ts';
import { sqlText } from '../../src/access/condition-sql.ts';
import { rowRules } from '../../src/access/row-rules.ts';
import type { Rule } from '../../src/access/rule.ts';
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

test('without rules about it no row is seen, and none that a rule without conditions denies', () => {
  const target = { columns: { model: () => 'model' }, attributes: {}, asker: { id: 'prn_me', role: 'some' } };
  expect(sqlText(rowRules(undefined, target)).text).toBe('FALSE');
  const rule = (id: string, effect: Rule['effect'], condition: Rule['condition']): Rule => ({ id, effect, actions: ['read'], resources: ['prediction'], fields: undefined, condition, reason: 'x', place: undefined });
  const allows = rule('a', 'allow', { attribute: 'model', type: 'text', line: 0, operator: 'eq', operand: { value: 'x' } });
  const denies = rule('d', 'deny', undefined);
  // Nobody settles it beforehand here, as `makeRuling` would.
  expect(sqlText(rowRules({ deciding: [denies, allows], withholding: [], settled: undefined }, target)).text).toMatch(/ AND FALSE\)$/);
  expect(sqlText(rowRules({ deciding: [denies], withholding: [], settled: undefined }, target)).text).toBe('FALSE');
});
