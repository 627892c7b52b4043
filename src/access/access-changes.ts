import { CATALOGUE, PREDICTION_FIELDS, RESOURCES, type Action, type Resource } from './catalogue.ts';
import type { Attributes } from './condition.ts';
import { decisionCases } from './decision-cases.ts';
import type { Decision } from './decision.ts';
import type { Roles } from './roles.ts';
import type { Rule } from './rule.ts';
import { standingText } from './rule-text.ts';
import { denied, type Ruling } from './ruling.ts';

/** What changes for a role in one thing that can be done. */
export interface AccessChange {
  role: string;
  action: Action;
  resource: Resource;
  /** `names`: the same is decided, by a rule of another name or reason. `unknown`: too many cases to tell. */
  change: 'gains' | 'loses' | 'gains and loses' | 'names' | 'unknown';
  /** When the role may do it, in words. */
  before: string;
  now: string;
  /** Fields that come into sight, or go out of it, in some case in which it may be done before and after. */
  fieldsGained: string[];
  fieldsLost: string[];
  /** A case that is decided otherwise; null: known to be absent, a member that is left out: not known. */
  example?: Attributes;
  /** The rules about it. */
  rulesBefore: string[];
  rulesNow: string[];
}

/**
 * Who gains and who loses what between two policies: by what they decide in every case that their rules can tell apart,
 * whatever they are written like.
 *
 * @param before undefined: nothing was allowed
 */
export function accessChanges(before: Roles | undefined, now: Roles): AccessChange[] {
  const roles = new Set([...(before?.all ?? []), ...now.all].map(({ name }) => name));
  return [...roles].flatMap((role) =>
    RESOURCES.flatMap((resource) =>
      (CATALOGUE[resource].actions as readonly Action[]).flatMap((action) => changeOf({ before, now, role, action, resource }) ?? []),
    ),
  );
}

interface Comparison {
  before: Roles | undefined;
  now: Roles;
  role: string;
  action: Action;
  resource: Resource;
}

/** What the cases showed. */
interface Outcome {
  gains: boolean;
  loses: boolean;
  fieldsGained: Set<string>;
  fieldsLost: Set<string>;
  example?: Attributes;
}

function changeOf(comparison: Comparison): AccessChange | undefined {
  const { before, now, role, action, resource } = comparison;
  const [old, fresh] = [before?.about(role, action, resource), now.about(role, action, resource)];
  const [oldRules, freshRules] = [rulesOf(old), rulesOf(fresh)];
  if (JSON.stringify(oldRules, withoutPlace) === JSON.stringify(freshRules, withoutPlace)) return undefined;
  const change: Omit<AccessChange, 'change'> = {
    role,
    action,
    resource,
    before: standingText(old?.deciding ?? []),
    now: standingText(fresh?.deciding ?? []),
    fieldsGained: [],
    fieldsLost: [],
    rulesBefore: filed(oldRules).map(({ id }) => id),
    rulesNow: filed(freshRules).map(({ id }) => id),
  };
  const outcome = goThrough(comparison, [...oldRules, ...freshRules]);
  if (outcome === undefined) return { ...change, change: 'unknown' };
  const { gains, loses, fieldsGained, fieldsLost, example } = outcome;
  if (!gains && !loses) return names(oldRules) === names(freshRules) ? undefined : { ...change, change: 'names' };
  const kind = gains && loses ? 'gains and loses' : gains ? 'gains' : 'loses';
  return { ...change, change: kind, fieldsGained: [...fieldsGained], fieldsLost: [...fieldsLost], ...(example !== undefined && { example }) };
}

/** @returns undefined where there are too many cases */
function goThrough({ before, now, role, action, resource }: Comparison, rules: readonly Rule[]): Outcome | undefined {
  const cases = decisionCases(rules, role, resource);
  if (cases === undefined) return undefined;
  const paths = pathsOf(rules);
  const outcome: Outcome = { gains: false, loses: false, fieldsGained: new Set(), fieldsLost: new Set() };
  for (const { asker, attributes } of cases) {
    const decide = (roles: Roles | undefined): Decision =>
      roles?.decide(asker, action as 'read', resource as 'log', attributes) ?? denied({ action, resource, policy: '' });
    if (compare(decide(before), decide(now), paths, outcome) && Object.keys(attributes).length > 0) outcome.example ??= attributes;
  }
  return outcome;
}

/** Whether the two differ; how goes into the outcome. */
function compare(was: Decision, is: Decision, paths: readonly string[], outcome: Outcome): boolean {
  if (was.allowed !== is.allowed) {
    outcome[is.allowed ? 'gains' : 'loses'] = true;
    return true;
  }
  if (!was.allowed) return false;
  const gained = paths.filter((path) => sees(is, path) && !sees(was, path));
  const lost = paths.filter((path) => sees(was, path) && !sees(is, path));
  for (const path of gained) outcome.fieldsGained.add(path);
  for (const path of lost) outcome.fieldsLost.add(path);
  outcome.gains ||= gained.length > 0;
  outcome.loses ||= lost.length > 0;
  return gained.length + lost.length > 0;
}

function sees({ fields }: Decision, path: string): boolean {
  return fields.sees(path.split('.'));
}

/** The fields that rules name, and what is beside them: of a prediction, and of each field that they name a part of (`inputs.*`). */
function pathsOf(rules: readonly Rule[]): string[] {
  const named = rules.flatMap(({ fields }) => fields ?? []);
  if (named.length === 0) return [];
  const above = new Set(named.flatMap((path) => path.split('.').slice(0, -1).map((_, at, parts) => parts.slice(0, at + 1).join('.'))));
  const whole = [...PREDICTION_FIELDS, ...named].filter((path) => !above.has(path));
  return [...new Set([...whole, ...[...above].map((path) => `${path}.*`)])];
}

function rulesOf(ruling: Ruling | undefined): readonly Rule[] {
  return [...(ruling?.deciding ?? []), ...(ruling?.withholding ?? [])];
}

/** Those that a file holds: what the service itself enforces is the same under every policy. */
function filed(rules: readonly Rule[]): readonly Rule[] {
  return rules.filter(({ place }) => place !== undefined);
}

function withoutPlace(name: string, value: unknown): unknown {
  return name === 'line' || name === 'place' || name === 'actions' || name === 'resources' ? undefined : value;
}

function names(rules: readonly Rule[]): string {
  return filed(rules).map(({ id, effect, reason }) => `${effect} ${id}: ${reason}`).sort().join('\n');
}
