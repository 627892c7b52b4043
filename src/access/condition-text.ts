import type { Condition, Literal, Operand, Operator, Test } from './condition.ts';
import type { VariableName } from './variable.ts';

const WORDS: Record<Operator, string> = {
  eq: 'is',
  ne: 'is not',
  lt: 'is less than',
  lte: 'is at most',
  gt: 'is more than',
  gte: 'is at least',
  in: 'is one of',
  'not-in': 'is none of',
  exists: 'is given',
  absent: 'is not given',
};

const TIME_WORDS: Partial<Record<Operator, string>> = { lt: 'is before', lte: 'is not after', gt: 'is after', gte: 'is not before' };

const VARIABLE_WORDS: Record<VariableName, string> = {
  '$principal.id': 'who asks',
  '$principal.role': 'the role of who asks',
  '$principal.models': 'the models that the key is scoped to',
};

/** A condition in words, as what stands behind "where": `model is one of a, b and own is true`. */
export function conditionText(condition: Condition): string {
  return text(condition, false);
}

function text(condition: Condition, nested: boolean): string {
  const parts = 'all' in condition ? condition.all : 'any' in condition ? condition.any : undefined;
  if (parts === undefined) return testText(condition as Test);
  const joined = parts.map((part) => text(part, parts.length > 1)).join('all' in condition ? ' and ' : ' or ');
  return nested && parts.length > 1 ? `(${joined})` : joined;
}

function testText(test: Test): string {
  const { attribute, type, operator } = test;
  const word = (type === 'time' ? TIME_WORDS[operator] : undefined) ?? WORDS[operator];
  return 'operand' in test ? `${attribute} ${word} ${operandText(test.operand, type === 'time')}` : `${attribute} ${word}`;
}

function operandText(operand: Operand<Literal | readonly Literal[]>, isTime: boolean): string {
  if ('variable' in operand) return VARIABLE_WORDS[operand.variable];
  const literals = Array.isArray(operand.value) ? (operand.value as readonly Literal[]) : [operand.value as Literal];
  return literals.map((literal) => (isTime && typeof literal === 'number' ? new Date(literal).toISOString() : String(literal))).join(', ');
}
