import type { PolicyFault } from '../ledger/policy-error.ts';
import { escapePointer, type PolicyFile } from '../ledger/policy-file.ts';
import { attributeType, type AttributeType, type Resource } from './catalogue.ts';
import { COMPARISONS, hasType, MEMBERSHIPS, type Condition, type Literal, type Operand, type Presence, type Test } from './condition.ts';
import type { RoleFile, WrittenCondition, WrittenTests } from './role-file.ts';
import { isVariable, VARIABLES, type VariableName } from './variable.ts';

/** Where a condition is compiled: what it is about, and where its faults go. */
interface Compilation {
  readonly file: PolicyFile<RoleFile>;
  readonly resources: readonly Resource[];
  readonly faults: PolicyFault[];
}

/** RFC 3339 with its offset, or a date: its midnight in UTC. Without an offset it would be another instant elsewhere. */
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d))?$/;

/** A condition as it is judged, its values of the types of their attributes. Precondition: it has the schema's form. */
export function compileCondition(compilation: Compilation, written: WrittenCondition, at: string): Condition {
  const parts = Object.entries(written).map(([name, value]): Condition => {
    const place = `${at}/${escapePointer(name)}`;
    if (name !== 'all' && name !== 'any') return compileTests(compilation, name, value as WrittenTests, place);
    const conditions = (value as WrittenCondition[]).map((each, index) => compileCondition(compilation, each, `${place}/${index}`));
    return name === 'all' ? { all: conditions } : { any: conditions };
  });
  return allOf(parts);
}

function compileTests(compilation: Compilation, attribute: string, tests: WrittenTests, at: string): Condition {
  const type = typeOf(compilation, attribute, at);
  return allOf(Object.entries(tests).map(([operator, value]) => compileTest(compilation, { attribute, type }, `${at}/${operator}`, operator, value)));
}

function compileTest(compilation: Compilation, { attribute, type }: { attribute: string; type: AttributeType }, at: string, operator: string, value: unknown): Test {
  const atom = { attribute, type, line: compilation.file.lineOf(at) };
  if (isOneOf(MEMBERSHIPS, operator)) return { ...atom, operator, operand: compileList(compilation, type, value, at) };
  if (!isOneOf(COMPARISONS, operator)) return { ...atom, operator: operator as Presence };
  if (operator !== 'eq' && operator !== 'ne' && (type === 'text' || type === 'truth')) {
    blame(compilation, at, `does not order a ${type}: use eq, ne, in or not-in`);
  }
  return { ...atom, operator, operand: compileOperand(compilation, type, value, at) };
}

/** An attribute has one type in all resources of a rule, or the rule means two things. */
function typeOf(compilation: Compilation, attribute: string, at: string): AttributeType {
  const types = compilation.resources.map((resource) => ({ resource, type: attributeType(resource, attribute) }));
  for (const { resource, type } of types) {
    if (type === undefined) blame(compilation, at, `is no attribute of a ${resource}: see docs/access.md for those that it has`);
    else if (type !== types[0]?.type) blame(compilation, at, `is of another type for a ${resource}: give it a rule of its own`);
  }
  return types[0]?.type ?? 'text';
}

function compileOperand(compilation: Compilation, type: AttributeType, value: unknown, at: string): Operand<Literal> {
  const variable = variableOf(compilation, type, false, value, at);
  return variable === undefined ? { value: compileLiteral(compilation, type, value, at) } : { variable };
}

function compileList(compilation: Compilation, type: AttributeType, value: unknown, at: string): Operand<readonly Literal[]> {
  if (Array.isArray(value)) return { value: value.map((each, index) => compileLiteral(compilation, type, each, `${at}/${index}`)) };
  const variable = variableOf(compilation, type, true, value, at);
  if (variable !== undefined) return { variable };
  blame(compilation, at, 'takes a list, or a variable that is one');
  return { value: [] };
}

function compileLiteral(compilation: Compilation, type: AttributeType, value: unknown, at: string): Literal {
  if (typeof value === 'string' && value.startsWith('$')) blame(compilation, at, `is not a variable that can stand here: ${Object.keys(VARIABLES).join(', ')}`);
  const literal = type === 'time' && typeof value === 'string' ? timeOf(value) : value;
  if (hasType(literal, type)) return literal;
  blame(compilation, at, type === 'time' ? 'is not an RFC 3339 time with its offset, or a date' : `is not a ${type}: nothing is converted`);
  return '';
}

function variableOf(compilation: Compilation, type: AttributeType, list: boolean, value: unknown, at: string): VariableName | undefined {
  if (!isVariable(value)) return undefined;
  if (VARIABLES[value].type !== type) blame(compilation, at, `is a ${VARIABLES[value].type}, and the attribute a ${type}`);
  else if (VARIABLES[value].list !== list) blame(compilation, at, list ? 'is no list: put it into eq or ne' : 'is a list: put it into in or not-in');
  return value;
}

/** An RFC 3339 time, or a date, in ms since 1970; undefined for anything else. */
export function timeOf(text: string): number | undefined {
  if (!TIME.test(text)) return undefined;
  const date = text.slice(0, 10);
  // Date.parse moves a 30 February on to March.
  const midnight = new Date(`${date}T00:00:00Z`);
  return Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(date) ? undefined : Date.parse(text);
}

function blame({ file, faults }: Compilation, at: string, message: string): void {
  faults.push(file.fault(at, message));
}

function allOf(conditions: readonly Condition[]): Condition {
  const [only, ...others] = conditions;
  return only !== undefined && others.length === 0 ? only : { all: conditions };
}

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return (names as readonly string[]).includes(name);
}
