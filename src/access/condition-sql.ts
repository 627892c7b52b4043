import type { AttributeType } from './catalogue.ts';
import { isMembership, judgeTest, listOf, literalOf, type Attributes, type Comparison, type Condition, type Literal, type Test } from './condition.ts';
import type { Asker } from './variable.ts';

/** SQL with its parameters. */
export interface SqlText {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Takes a value that becomes a parameter, and gives its place: `$3`. Values never become SQL. */
export type Bind = (value: unknown) => string;

/** The SQL of an attribute: of its type, NULL where a row is known to have none. */
export type ColumnOf = (bind: Bind, asker: Asker) => string;

/** What a condition is compiled for. */
export interface Target {
  /** By attribute. One that has neither a column nor a value is not known. */
  readonly columns: Readonly<Record<string, ColumnOf>>;
  /** What is the same for every row. */
  readonly attributes: Attributes;
  readonly asker: Asker;
}

const SQL_TYPES: Record<AttributeType, string> = { text: 'text', number: 'float8', time: 'float8', truth: 'boolean' };
const COMPARATORS: Record<Comparison, string> = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' };

/** Not known: SQL's third value, as `judge` says undefined. */
const UNKNOWN = 'NULL::boolean';

/** A condition as an SQL expression that is true, false or null exactly where `judge` says true, false or undefined. */
export function compileCondition(condition: Condition, target: Target, bind: Bind): string {
  if ('all' in condition) return joined(condition.all, ' AND ', target, bind);
  if ('any' in condition) return joined(condition.any, ' OR ', target, bind);
  const column = Object.hasOwn(target.columns, condition.attribute) ? target.columns[condition.attribute] : undefined;
  if (column === undefined) return constant(judgeTest(condition, target.attributes, target.asker));
  return compileTest(condition, () => column(bind, target.asker), target.asker, bind);
}

/** An SQL text by itself, its first parameter after so many others. */
export function sqlText(compile: (bind: Bind) => string, after = 0): SqlText {
  const values: unknown[] = [];
  const text = compile((value) => `$${after + values.push(value)}`);
  return { text, values };
}

/** @param column asked for where it is written down alone: PostgreSQL refuses a parameter that stands nowhere */
function compileTest(test: Test, column: () => string, asker: Asker, bind: Bind): string {
  const type = SQL_TYPES[test.type];
  if (!('operand' in test)) return `${column()} IS ${test.operator === 'absent' ? 'NULL' : 'NOT NULL'}`;
  if (isMembership(test)) return membership(test.operator === 'in', column, listOf(test.operand, asker), (list) => `${bind(list)}::${type}[]`);
  const other = literalOf(test.operand, asker);
  return other === undefined ? UNKNOWN : `(${column()})::${type} ${COMPARATORS[test.operator]} ${bind(other)}::${type}`;
}

function membership(isIn: boolean, column: () => string, list: readonly Literal[] | undefined, parameter: (list: readonly Literal[]) => string): string {
  if (list === undefined) return UNKNOWN;
  if (list.length === 0) return isIn ? 'FALSE' : `(${column()} IS NOT NULL OR ${UNKNOWN})`;
  const [value, values] = [column(), parameter(list)];
  return isIn ? `(${value}) = ANY(${values})` : `(${value}) <> ALL(${values})`;
}

function joined(conditions: readonly Condition[], operator: string, target: Target, bind: Bind): string {
  if (conditions.length === 0) return UNKNOWN;
  return `(${conditions.map((each) => `(${compileCondition(each, target, bind)})`).join(operator)})`;
}

function constant(truth: boolean | undefined): string {
  if (truth === undefined) return UNKNOWN;
  return truth ? 'TRUE' : 'FALSE';
}
