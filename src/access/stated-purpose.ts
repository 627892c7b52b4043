import { Problem } from '../http/problem.ts';
import type { Condition } from './condition.ts';
import type { Roles } from './roles.ts';

/** The header field by which a caller says why it asks; a body that says it goes before it. */
export const PURPOSE_HEADER = 'stated-purpose';

/** A word for a purpose, as entries have it: they stay for good, so it is none that a caller makes up. */
const WORD = /^[a-z][a-z0-9-]{0,63}$/;

/** Why callers may say that they ask: the purposes that contracts name, and those that rules ask for. */
export class StatedPurposes {
  private readonly words: ReadonlySet<string>;

  /** @param purposes of every contract */
  constructor(roles: Pick<Roles, 'all'>, purposes: readonly string[]) {
    const asked = roles.all.flatMap(({ rules }) => rules.flatMap(({ condition }) => (condition === undefined ? [] : wordsOf(condition))));
    this.words = new Set([...purposes, ...asked].filter((word) => WORD.test(word)));
  }

  /** The word as it was said, where there is one. @throws Problem `bad-request` where the policy has no such word */
  check(said: string): string {
    if (this.words.has(said)) return said;
    throw new Problem('bad-request', 'Stated-Purpose is no purpose that a contract or a rule of the policy names: what is said there stands in the log for good.');
  }
}

function wordsOf(condition: Condition): string[] {
  if ('all' in condition) return condition.all.flatMap(wordsOf);
  if ('any' in condition) return condition.any.flatMap(wordsOf);
  if (condition.attribute !== PURPOSE_HEADER || !('operand' in condition) || !('value' in condition.operand)) return [];
  return [condition.operand.value].flat().filter((value) => typeof value === 'string');
}
