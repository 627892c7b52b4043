import { conditionText } from './condition-text.ts';
import type { Rule } from './rule.ts';

/** What a rule says, in words, without its reason: `may read prediction, only the fields output, where model is churn`. */
export function ruleText({ effect, actions, resources, fields, condition }: Rule): string {
  const matter = `${actions.join(', ')} ${resources.join(', ')}`;
  const where = condition === undefined ? '' : `, where ${conditionText(condition)}`;
  if (effect === 'allow') return `may ${matter}${fields === undefined ? '' : `, of it ${fields.join(', ')}`}${where}`;
  // What cannot be judged denies: a reader who is not told takes the rule for a weaker one.
  const unknown = condition === undefined ? '' : ', and where that is not known';
  return fields === undefined ? `may not ${matter}${where}${unknown}` : `does not see ${fields.join(', ')} when it does ${matter}${where}${unknown}`;
}

/** When a role may do one thing, over all its rules about it; `never` where none allows it. */
export function standingText(deciding: readonly Rule[]): string {
  const allowances = deciding.filter(({ effect }) => effect === 'allow');
  const denials = deciding.filter(({ effect }) => effect === 'deny');
  if (allowances.length === 0 || denials.some(({ condition }) => condition === undefined)) return 'never';
  const where = allowances.some(({ condition }) => condition === undefined) ? 'always' : `where ${either(allowances)}`;
  return denials.length === 0 ? where : `${where}, unless ${either(denials)} or that is not known`;
}

function either(rules: readonly Rule[]): string {
  return rules.map(({ condition }) => (condition === undefined ? 'always' : conditionText(condition))).join(', or ');
}
