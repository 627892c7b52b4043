import type { Condition } from './condition.ts';
import type { Role } from './rule.ts';

/** Stands between the names of roles that somebody has at once; no role's own name can hold it. */
const AND = '+';

/** The one name of several roles at once: what all of them allow, without what any of them denies. */
export function nameOfRoles(roles: readonly string[]): string {
  return [...new Set(roles)].sort().join(AND);
}

/** The roles of such a name: of a role's own name, that role. */
export function rolesOfName(name: string): readonly string[] {
  return name.split(AND);
}

/** Several roles as one: their rules side by side, so that a denial wins over whatever another of them allows. */
export function uniteRoles(roles: readonly Role[]): Role {
  return {
    name: nameOfRoles(roles.map(({ name }) => name)),
    description: roles.map(({ description }) => description).join(' '),
    rules: roles.flatMap(({ name, rules }) => rules.map((rule) => ({ ...rule, condition: rule.condition && asked(rule.condition, name) }))),
  };
}

/** A rule that asks for the role of who asks means the role that it is of. */
function asked(condition: Condition, role: string): Condition {
  if ('all' in condition) return { all: condition.all.map((each) => asked(each, role)) };
  if ('any' in condition) return { any: condition.any.map((each) => asked(each, role)) };
  const isRole = 'operand' in condition && 'variable' in condition.operand && condition.operand.variable === '$principal.role';
  return isRole ? ({ ...condition, operand: { value: role } } as Condition) : condition;
}
