import type { AttributeType, AttributeValue } from './catalogue.ts';
import { valueOf, type Asker, type VariableName } from './variable.ts';

export const COMPARISONS = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte'] as const;
export const MEMBERSHIPS = ['in', 'not-in'] as const;
export const PRESENCES = ['exists', 'absent'] as const;
export type Comparison = (typeof COMPARISONS)[number];
export type Membership = (typeof MEMBERSHIPS)[number];
export type Presence = (typeof PRESENCES)[number];
export type Operator = Comparison | Membership | Presence;

/** A value that was checked against its attribute's type when the rule was compiled. */
export type Literal = string | number | boolean;
export type Operand<T> = { readonly value: T } | { readonly variable: VariableName };

interface Atom {
  readonly attribute: string;
  readonly type: AttributeType;
  /** Where the operator stands in its role file, from 1; 0 for what the code itself enforces. */
  readonly line: number;
}
export interface ComparisonTest extends Atom {
  readonly operator: Comparison;
  readonly operand: Operand<Literal>;
}
export interface MembershipTest extends Atom {
  readonly operator: Membership;
  readonly operand: Operand<readonly Literal[]>;
}
export interface PresenceTest extends Atom {
  readonly operator: Presence;
}
export type Test = ComparisonTest | MembershipTest | PresenceTest;
/** Every one of `all`, or one of `any`. */
export type Condition = Test | { readonly all: readonly Condition[] } | { readonly any: readonly Condition[] };

/** Kleene's third value is undefined: what the condition looks at is not known. */
export type Truth = boolean | undefined;

export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/**
 * Whether a condition holds. What is missing makes it undefined, never true or false: an allowing rule then does not
 * allow and a denying one denies. PostgreSQL's three-valued logic is the same, so `compileCondition` agrees with this.
 */
export function judge(condition: Condition, attributes: Attributes, asker: Asker): Truth {
  if ('all' in condition) return every(condition.all.map((each) => judge(each, attributes, asker)));
  if ('any' in condition) return negated(every(condition.any.map((each) => negated(judge(each, attributes, asker)))));
  return judgeTest(condition, attributes, asker);
}

/** One test by itself. */
export function judgeTest(test: Test, attributes: Attributes, asker: Asker): Truth {
  const value = attributeValue(test, attributes);
  if (!('operand' in test)) return value === undefined ? undefined : (value === null) === (test.operator === 'absent');
  if (isMembership(test)) {
    const list = listOf(test.operand, asker);
    // In nothing there is nothing, known or not.
    if (test.operator === 'in' && list?.length === 0) return false;
    if (value === undefined || value === null || list === undefined) return undefined;
    return list.includes(value) === (test.operator === 'in');
  }
  const other = literalOf(test.operand, asker);
  return value === undefined || value === null || other === undefined ? undefined : compare(test.operator, value, other);
}

export function isMembership(test: Test): test is MembershipTest {
  return test.operator === 'in' || test.operator === 'not-in';
}

/** An attribute as a test may use it: undefined when it is not known or not of its type, null when it is known to be absent. */
export function attributeValue({ attribute, type }: Test, attributes: Attributes): AttributeValue | undefined {
  // Never what an object inherits: `constructor` is no attribute that somebody has.
  const value = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
  return value === null || hasType(value, type) ? value : undefined;
}

/** Whether a value is of an attribute's type, exactly: nothing is converted. */
export function hasType(value: unknown, type: AttributeType): value is Literal {
  if (type === 'text') return typeof value === 'string';
  if (type === 'truth') return typeof value === 'boolean';
  return typeof value === 'number' && Number.isFinite(value) && (type === 'number' || Number.isSafeInteger(value));
}

export function literalOf(operand: Operand<Literal>, asker: Asker): Literal | undefined {
  if ('value' in operand) return operand.value;
  const value = valueOf(operand.variable, asker);
  return typeof value === 'string' ? value : undefined;
}

export function listOf(operand: Operand<readonly Literal[]>, asker: Asker): readonly Literal[] | undefined {
  if ('value' in operand) return operand.value;
  const value = valueOf(operand.variable, asker);
  return typeof value === 'string' ? undefined : value;
}

function compare(operator: Comparison, value: Literal, other: Literal): Truth {
  // Checked when compiled; here again, because a comparison of two types would convert one of them.
  if (typeof value !== typeof other) return undefined;
  switch (operator) {
    case 'eq':
      return value === other;
    case 'ne':
      return value !== other;
    case 'lt':
      return value < other;
    case 'lte':
      return value <= other;
    case 'gt':
      return value > other;
    case 'gte':
      return value >= other;
  }
}

/** Of nothing, nothing is known: an empty condition must not match everything. */
function every(truths: readonly Truth[]): Truth {
  if (truths.length === 0) return undefined;
  if (truths.includes(false)) return false;
  return truths.includes(undefined) ? undefined : true;
}

function negated(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}
