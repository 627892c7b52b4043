import type { Action, Resource } from './catalogue.ts';
import { judge, judgeTest, type Attributes, type Condition, type Test } from './condition.ts';
import type { Roles } from './roles.ts';
import type { Rule } from './rule.ts';
import type { Asker } from './variable.ts';

/** A test of a condition, by the place where it is written. */
export interface FailedTest {
  attribute: string;
  operator: string;
  line: number;
}

/** What a rule said. */
export interface Considered {
  rule: string;
  effect: Rule['effect'];
  /** Absent where the service itself enforces the rule. */
  file?: string;
  line?: number;
  reason: string;
  fields?: readonly string[];
  /** `unknown`: it looks at what is missing. A rule that allows then does not, and one that denies does. */
  holds: 'yes' | 'no' | 'unknown';
  /** The tests that surely do not hold. */
  failed: FailedTest[];
  /** The attributes and variables that it looks at and that are not known. */
  missing: string[];
}

/** Why something is allowed or not. */
export interface Explanation {
  decision: 'allow' | 'deny';
  /** The rule that decided; `none` where no rule allows it. */
  rule: string;
  at?: { file: string; line: number };
  reason: string;
  /** Digest of the policy bundle in force. */
  policy: string;
  /** Fields that are shown, where not all are; and fields that are withheld. */
  shown?: readonly string[];
  withheld: readonly string[];
  /** What was missing, over all rules that were looked at. */
  missing: string[];
  /** Every rule of the role about this, in the order in which they decide; those about fields last. */
  considered: Considered[];
}

/** Decides as `Roles.decide` does, and says why. */
export function explain(roles: Roles, asker: Asker, action: Action, resource: Resource, attributes: Attributes): Explanation {
  const { allowed, rule, policy, fields } = roles.decide(asker, action as 'read', resource as 'log', attributes);
  const ruling = roles.about(asker.role, action, resource);
  const rules = [...(ruling?.deciding ?? []), ...(ruling?.withholding ?? [])];
  const considered = rules.map((each) => consider(each, attributes, asker));
  const decider = rules.find(({ id }) => id === rule);
  return {
    decision: allowed ? 'allow' : 'deny',
    rule,
    ...(decider?.place !== undefined && { at: { file: decider.place.path, line: decider.place.line } }),
    reason: decider?.reason ?? 'No rule allows it.',
    policy,
    ...(allowed && fields.allowed !== undefined && { shown: fields.allowed }),
    withheld: allowed ? fields.denied : [],
    missing: [...new Set(considered.flatMap(({ missing }) => missing))],
    considered,
  };
}

function consider({ id, effect, place, reason, fields, condition }: Rule, attributes: Attributes, asker: Asker): Considered {
  const truth = condition === undefined || judge(condition, attributes, asker);
  const tests = condition === undefined ? [] : testsOf(condition).map((test) => ({ test, truth: judgeTest(test, attributes, asker) }));
  return {
    rule: id,
    effect,
    ...(place !== undefined && { file: place.path, line: place.line }),
    reason,
    ...(fields !== undefined && { fields }),
    holds: truth === undefined ? 'unknown' : truth ? 'yes' : 'no',
    failed: tests.filter((each) => each.truth === false).map(({ test: { attribute, operator, line } }) => ({ attribute, operator, line })),
    missing: [...new Set(tests.filter((each) => each.truth === undefined).map(({ test }) => missingIn(test, attributes, asker)))],
  };
}

function testsOf(condition: Condition): readonly Test[] {
  if ('all' in condition) return condition.all.flatMap(testsOf);
  return 'any' in condition ? condition.any.flatMap(testsOf) : [condition];
}

/** What keeps a test from being judged: its attribute, or else its variable. */
function missingIn(test: Test, attributes: Attributes, asker: Asker): string {
  const present: Test = { attribute: test.attribute, type: test.type, line: test.line, operator: 'exists' };
  if (judgeTest(present, attributes, asker) !== true) return test.attribute;
  return 'operand' in test && 'variable' in test.operand ? test.operand.variable : test.attribute;
}
