import { Ability, type MatchConditions, type RawRuleOf } from '@casl/ability';
import { Asked } from './asked.ts';
import { isActionOn, RESOURCES, CATALOGUE, type Action, type Resource } from './catalogue.ts';
import { judge, type Condition } from './condition.ts';
import type { Rule } from './rule.ts';

/** A rule's condition as CASL keeps it: a denial holds unless it surely does not, an allowance only where it surely does. */
interface Guarded {
  readonly effect: Rule['effect'];
  readonly condition: Condition;
}

export type RoleAbility = Ability<[Action, Resource | Asked], Guarded>;

/**
 * The order in which rules decide: those that deny, then those that allow; without conditions before those with, else as
 * the file has them. A denial of fields takes nothing away but these fields, so it does not stand here.
 */
export function decidingOrder(rules: readonly Rule[]): Rule[] {
  const rank = ({ effect, condition }: Rule): number => (effect === 'deny' ? 0 : 2) + (condition === undefined ? 0 : 1);
  return rules.filter(({ effect, fields }) => effect === 'allow' || fields === undefined).sort((a, b) => rank(a) - rank(b));
}

/**
 * The CASL ability of a role's rules. Conditions are judged by ours, fields are not CASL's matter, and there is no word
 * for every action or every subject.
 */
export function makeAbility(rules: readonly Rule[]): RoleAbility {
  // CASL asks the last rule first.
  const raw = decidingOrder(rules).reverse().map(
    ({ id, effect, actions, resources, condition }): RawRuleOf<RoleAbility> => ({
      action: [...actions],
      subject: [...resources],
      reason: id,
      inverted: effect === 'deny',
      ...(condition !== undefined && { conditions: { effect, condition } }),
    }),
  );
  const ability: RoleAbility = new Ability<[Action, Resource | Asked], Guarded>(raw, {
    conditionsMatcher: matcher,
    detectSubjectType: (subject) => Asked.resourceOf(subject),
    anyAction: 'no rule has this action',
    anySubjectType: 'no rule has this subject',
  });
  inspect(ability, rules);
  return ability;
}

function matcher({ effect, condition }: Guarded): MatchConditions {
  return (subject) => {
    if (!(subject instanceof Asked)) throw new Error('a decision is made about an Asked alone');
    const truth = judge(condition, subject.attributes, subject.asker);
    return effect === 'deny' ? truth !== false : truth === true;
  };
}

/** @throws Error when what CASL made is not, for each action on each resource, the very rules that it was given */
function inspect(ability: RoleAbility, rules: readonly Rule[]): void {
  const order = decidingOrder(rules);
  for (const resource of RESOURCES) {
    for (const action of CATALOGUE[resource].actions as readonly Action[]) {
      const expected = order.filter((rule) => rule.actions.includes(action) && rule.resources.includes(resource));
      const made = ability.possibleRulesFor(action, resource);
      const same = made.length === expected.length && expected.every((rule, at) => isOf(made[at], rule));
      if (!same) throw new Error(`the rules for ${action} ${resource} are not those of the file`);
    }
    const strange = ability.actionsFor(resource).find((action) => !isActionOn(action as Action, resource));
    if (strange !== undefined) throw new Error(`a rule lets ${strange} be done to a ${resource}`);
  }
}

function isOf(made: ReturnType<RoleAbility['possibleRulesFor']>[number] | undefined, rule: Rule): boolean {
  return made?.reason === rule.id && made.inverted === (rule.effect === 'deny') && made.conditions?.condition === rule.condition && made.fields === undefined;
}
