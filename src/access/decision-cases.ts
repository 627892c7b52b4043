import { attributeType, type AttributeType, type AttributeValue, type Resource } from './catalogue.ts';
import type { Attributes, Condition, Literal, Test } from './condition.ts';
import type { Rule } from './rule.ts';
import type { Asker } from './variable.ts';

/** One thing that could be asked. */
export interface DecisionCase {
  asker: Asker;
  attributes: Attributes;
}

/** More cases than these are not gone through. */
export const MAX_CASES = 20_000;

const ASKER = 'prn_asker';
const SCOPED_MODEL = 'model-of-the-key';

/**
 * Every case that rules can tell apart, of one role asking for one resource: of each attribute that they look at every
 * value that they name, one beside it (before, between and after them where values have an order), none, and unknown;
 * and a caller whose key is scoped to a model beside one whose key is not. Two cases that are not told apart by any test
 * are one, so that rules which agree on all of these agree on everything.
 *
 * @returns undefined where there are more than MAX_CASES
 */
export function decisionCases(rules: readonly Rule[], role: string, resource: Resource): DecisionCase[] | undefined {
  const tests = rules.flatMap(({ condition }) => (condition === undefined ? [] : testsOf(condition)));
  const askers: Asker[] = [{ id: ASKER, role }];
  if (tests.some((test) => variableOf(test) === '$principal.models')) askers.push({ id: ASKER, role, models: [SCOPED_MODEL] }, { id: ASKER, role, models: [] });
  let cases: DecisionCase[] = askers.map((asker) => ({ asker, attributes: {} }));
  for (const name of new Set(tests.map(({ attribute }) => attribute))) {
    const type = attributeType(resource, name);
    if (type === undefined) continue;
    const values = valuesOf(type, tests.filter(({ attribute }) => attribute === name), role);
    if (cases.length * values.length > MAX_CASES) return undefined;
    cases = cases.flatMap(({ asker, attributes }) => values.map((value) => ({ asker, attributes: { ...attributes, [name]: value } })));
  }
  return cases;
}

function valuesOf(type: AttributeType, tests: readonly Test[], role: string): (AttributeValue | undefined)[] {
  const named = [...new Set(tests.flatMap((test) => literalsOf(test, role)))];
  if (type === 'truth') return [true, false, null, undefined];
  if (type === 'text') return [...named, `other than ${named.join(', ') || 'nothing'}`, null, undefined];
  const numbers = (named as number[]).sort((a, b) => a - b);
  const around = numbers.flatMap((value, at) => {
    const next = numbers[at + 1];
    return next === undefined ? [value, value + 1] : [value, type === 'time' ? Math.floor((value + next) / 2) : (value + next) / 2];
  });
  return [...new Set([(numbers[0] ?? 0) - 1, ...around]), null, undefined];
}

function literalsOf(test: Test, role: string): readonly Literal[] {
  if (!('operand' in test)) return [];
  if ('value' in test.operand) return Array.isArray(test.operand.value) ? (test.operand.value as readonly Literal[]) : [test.operand.value as Literal];
  switch (test.operand.variable) {
    case '$principal.id':
      return [ASKER];
    case '$principal.role':
      return [role];
    case '$principal.models':
      return [SCOPED_MODEL];
  }
}

function variableOf(test: Test): string | undefined {
  return 'operand' in test && 'variable' in test.operand ? test.operand.variable : undefined;
}

/** The tests of a condition, however deep. */
function testsOf(condition: Condition): readonly Test[] {
  if ('all' in condition) return condition.all.flatMap(testsOf);
  return 'any' in condition ? condition.any.flatMap(testsOf) : [condition];
}
