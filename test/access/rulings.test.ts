import { expect, test } from '@jest/globals';
import { RandomRules } from '../../prove/random-rules.ts';
import type { AttributeValue } from '../../src/access/catalogue.ts';
import type { Attributes, Condition, Test } from '../../src/access/condition.ts';
import { RoleRules } from '../../src/access/role-rules.ts';
import type { Rule } from '../../src/access/rule.ts';
import type { Asker } from '../../src/access/variable.ts';

// The oracle: the rules as docs/access.md says them, with numbers for truth (0 no, ½ unknown, 1 yes) and no short cuts.
const ORDER = { lt: (a: number, b: number) => a < b, lte: (a: number, b: number) => a <= b, gt: (a: number, b: number) => a > b, gte: (a: number, b: number) => a >= b };

function truth(condition: Condition | undefined, attributes: Attributes, asker: Asker): number {
  if (condition === undefined) return 1;
  if ('all' in condition) return condition.all.length === 0 ? 0.5 : Math.min(...condition.all.map((each) => truth(each, attributes, asker)));
  if ('any' in condition) return condition.any.length === 0 ? 0.5 : Math.max(...condition.any.map((each) => truth(each, attributes, asker)));
  return testTruth(condition, attributes[condition.attribute], asker);
}

function testTruth(test: Test, value: AttributeValue | undefined, asker: Asker): number {
  if (!('operand' in test)) return value === undefined ? 0.5 : Number((value === null) === (test.operator === 'absent'));
  const variables: Record<string, unknown> = { '$principal.id': asker.id, '$principal.role': asker.role, '$principal.models': asker.models };
  const other: unknown = 'variable' in test.operand ? variables[test.operand.variable] : test.operand.value;
  if (test.operator === 'in' && Array.isArray(other) && other.length === 0) return 0;
  if (value === undefined || value === null || other === undefined) return 0.5;
  if (test.operator === 'in' || test.operator === 'not-in') return Number((other as unknown[]).some((each) => Object.is(each, value)) === (test.operator === 'in'));
  if (test.operator === 'eq' || test.operator === 'ne') return Number(Object.is(other, value) === (test.operator === 'eq'));
  return Number(ORDER[test.operator](value as number, other as number));
}

function oracle(rules: readonly Rule[], attributes: Attributes, asker: Asker): { allowed: boolean; sees: (path: string) => boolean } {
  const said = rules.map((rule) => ({ ...rule, truth: truth(rule.condition, attributes, asker) }));
  const denied = said.some(({ effect, fields, truth: t }) => effect === 'deny' && fields === undefined && t > 0);
  const allowing = said.filter(({ effect, truth: t }) => effect === 'allow' && t === 1);
  const withheld = said.filter(({ effect, truth: t }) => effect === 'deny' && t > 0).flatMap(({ fields }) => fields ?? []);
  const within = (path: string, above: string): boolean => `${path}.`.startsWith(`${above}.`);
  const allowed = !denied && allowing.length > 0;
  return {
    allowed,
    sees: (path) =>
      allowed && allowing.some(({ fields }) => fields === undefined || fields.some((each) => within(path, each))) &&
      !withheld.some((each) => within(path, each) || within(each, path)),
  };
}

const PATHS = ['inputs', 'inputs.ssn', 'inputs.age', 'output', 'output.score', 'output.score.raw', 'model'];

test('4,000 random sets of rules decide as the oracle says, of the record and of each field', () => {
  const random = new RandomRules(5);
  let allowed = 0;
  let settled = 0;
  for (let n = 0; n < 4000; n++) {
    const rules = random.rules();
    const asker = random.asker();
    const attributes = { ...random.row(n % 7), ...random.circumstances() };
    const role = new RoleRules({ name: 'random', description: '', rules }, 'digest');
    const decision = role.decide(asker, 'read', 'prediction', attributes);
    const expected = oracle(rules, attributes, asker);
    const told = JSON.stringify({ rules, asker, attributes });
    expect([told, decision.allowed]).toEqual([told, expected.allowed]);
    expect([told, PATHS.filter((path) => decision.fields.sees(path.split('.')))]).toEqual([told, PATHS.filter(expected.sees)]);
    if (decision.allowed) allowed += 1;
    if (role.about('read', 'prediction')?.settled !== undefined) settled += 1;
  }
  expect(allowed).toBeGreaterThan(400);
  expect(settled).toBeGreaterThan(400);
});

test('a rule that decides is named: denials first, then what has no conditions, then the order of the file', () => {
  const rule = (id: string, effect: Rule['effect'], condition?: Condition): Rule => ({ id, effect, actions: ['read'], resources: ['prediction'], fields: undefined, condition, reason: '', place: undefined });
  const isX: Condition = { attribute: 'model', type: 'text', line: 0, operator: 'eq', operand: { value: 'x' } };
  const by = (rules: Rule[], model: string): string => new RoleRules({ name: 'r', description: '', rules }, '').decide({ id: '', role: 'r' }, 'read', 'prediction', { model }).rule;
  expect(by([rule('a', 'allow', isX), rule('b', 'allow')], 'x')).toBe('b');
  expect(by([rule('a', 'allow', isX), rule('b', 'allow', isX)], 'x')).toBe('a');
  expect(by([rule('a', 'allow'), rule('b', 'deny', isX)], 'x')).toBe('b');
  expect(by([rule('a', 'allow'), rule('b', 'deny', isX)], 'y')).toBe('a');
  expect(by([rule('a', 'allow', isX)], 'y')).toBe('none');
});
