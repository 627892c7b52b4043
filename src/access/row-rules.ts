import { compileCondition, type Bind, type Target } from './condition-sql.ts';
import type { Rule } from './rule.ts';
import type { Ruling } from './ruling.ts';

/** An SQL expression that is true for the rows that a caller may see, and never null. */
export type RowRules = (bind: Bind) => string;

/**
 * The rules about rows, to be put into the query that finds them. A row is seen where a rule surely allows it and every
 * rule that would deny it surely does not: exactly where `decide` allows it, by the attributes that the columns hold.
 *
 * @param ruling undefined where there are no rules: no row is seen
 */
export function rowRules(ruling: Ruling | undefined, target: Target): RowRules {
  const { settled, deciding = [] } = ruling ?? {};
  if (settled !== undefined) return () => (settled.allowed ? 'TRUE' : 'FALSE');
  return (bind) => {
    // The parentheses matter: NOT and IS bind otherwise to what stands nearest.
    const surely = (rule: Rule, truth: 'TRUE' | 'FALSE'): string =>
      rule.condition === undefined ? 'TRUE' : `((${compileCondition(rule.condition, target, bind)}) IS ${truth})`;
    const allowances = deciding.filter(({ effect }) => effect === 'allow').map((rule) => surely(rule, 'TRUE'));
    const denials = deciding.filter(({ effect }) => effect === 'deny').map((rule) => (rule.condition === undefined ? 'FALSE' : surely(rule, 'FALSE')));
    return allowances.length === 0 ? 'FALSE' : `(${[`(${allowances.join(' OR ')})`, ...denials].join(' AND ')})`;
  };
}
