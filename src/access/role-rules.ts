import { makeAbility, type RoleAbility } from './ability.ts';
import { Asked, type Pair } from './asked.ts';
import { CATALOGUE, RESOURCES, type Action, type Resource } from './catalogue.ts';
import { TWO_PEOPLE_RULES } from './compile-role.ts';
import { judge, type Attributes, type Truth } from './condition.ts';
import type { Decision } from './decision.ts';
import type { Role, Rule } from './rule.ts';
import { allowed, denied, makeRuling, type Ruling } from './ruling.ts';
import type { Asker } from './variable.ts';

/** One role's rules, made ready once: what needs no attribute is decided here and now. */
export class RoleRules {
  readonly role: Role;
  private readonly policy: string;
  private readonly ability: RoleAbility;
  private readonly rulings = new Map<Pair, Ruling>();

  /** @param policy digest of the bundle, hexadecimal */
  constructor(role: Role, policy: string) {
    const rules = [...TWO_PEOPLE_RULES, ...role.rules];
    this.role = role;
    this.policy = policy;
    this.ability = makeAbility(rules);
    for (const resource of RESOURCES) {
      for (const action of CATALOGUE[resource].actions as readonly Action[]) {
        this.rulings.set(`${action} ${resource}`, makeRuling(rules, { action, resource, policy }));
      }
    }
  }

  /** The rules about an action on a resource; undefined where there is no such pair. */
  about(action: Action, resource: Resource): Ruling | undefined {
    return this.rulings.get(`${action} ${resource}`);
  }

  decide(asker: Asker, action: Action, resource: Resource, attributes: Attributes): Decision {
    const matter = { action, resource, policy: this.policy };
    const ruling = this.about(action, resource);
    if (ruling === undefined) return denied(matter);
    if (ruling.settled !== undefined) return ruling.settled;
    const found = this.ability.relevantRuleFor(action, new Asked(resource, attributes, asker));
    const decider = ruling.deciding.find(({ id }) => id === found?.reason);
    if (decider === undefined || decider.effect === 'deny') return denied(matter, decider?.id);
    const truthOf = (rule: Rule): Truth => rule.condition === undefined || judge(rule.condition, attributes, asker);
    return allowed(
      matter,
      ruling.deciding.filter((rule) => rule === decider || (rule.effect === 'allow' && truthOf(rule) === true)),
      ruling.withholding.filter((rule) => truthOf(rule) !== false),
    );
  }
}
