import { decidingOrder } from './ability.ts';
import type { Action, Resource } from './catalogue.ts';
import type { Decision } from './decision.ts';
import { NO_RULE, type Rule } from './rule.ts';
import { VisibleFields } from './visible-fields.ts';

/** A role's rules about one action on one resource. */
export interface Ruling {
  /** Those that decide, in the order in which they do. */
  readonly deciding: readonly Rule[];
  /** Those that withhold fields of what is allowed. */
  readonly withholding: readonly Rule[];
  /** The decision, where it is the same whatever is asked about. */
  readonly settled: Decision | undefined;
}

/** What a decision is about, and under which policy. */
export interface Matter {
  readonly action: Action;
  readonly resource: Resource;
  readonly policy: string;
}

export function makeRuling(rules: readonly Rule[], matter: Matter): Ruling {
  const about = rules.filter(({ actions, resources }) => actions.includes(matter.action) && resources.includes(matter.resource));
  const deciding = decidingOrder(about);
  const withholding = about.filter(({ effect, fields }) => effect === 'deny' && fields !== undefined);
  return { deciding, withholding, settled: settle(deciding, withholding, matter) };
}

/** A denial; by no rule where none is given. */
export function denied(matter: Matter, rule = NO_RULE): Decision {
  return { ...matter, allowed: false, rule, fields: VisibleFields.none };
}

/**
 * An allowance and the fields that it opens.
 *
 * @param allowing every rule that allows it, the deciding one first
 * @param withholding every rule that withholds fields from it
 */
export function allowed(matter: Matter, allowing: readonly Rule[], withholding: readonly Rule[]): Decision {
  const paths = allowing.some(({ fields }) => fields === undefined) ? undefined : allowing.flatMap(({ fields }) => fields ?? []);
  const taken = withholding.flatMap(({ fields }) => fields ?? []);
  const fields = paths === undefined && taken.length === 0 ? VisibleFields.all : new VisibleFields(paths, taken);
  return { ...matter, allowed: true, rule: allowing[0]?.id ?? NO_RULE, fields };
}

/** The decision that no attribute can change; undefined where one can. */
function settle(deciding: readonly Rule[], withholding: readonly Rule[], matter: Matter): Decision | undefined {
  const denials = deciding.filter(({ effect }) => effect === 'deny');
  const allowances = deciding.filter(({ effect }) => effect === 'allow');
  const always = allowances.filter(isUnconditional);
  const denial = denials.find(isUnconditional);
  if (denial !== undefined) return denied(matter, denial.id);
  if (allowances.length === 0) return denied(matter);
  const open = denials.length > 0 || !withholding.every(isUnconditional);
  // Where no allowance is without conditions, neither holds. A further one can open no more fields than all of them.
  const final = always.length === allowances.length || always.some(({ fields }) => fields === undefined);
  return open || !final ? undefined : allowed(matter, always, withholding);
}

function isUnconditional({ condition }: Rule): boolean {
  return condition === undefined;
}
