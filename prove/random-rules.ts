import { hasType, type Attributes, type Condition, type Literal, type Operand, type Test } from '../src/access/condition.ts';
import type { AttributeType } from '../src/access/catalogue.ts';
import type { Rule } from '../src/access/rule.ts';
import type { Asker } from '../src/access/variable.ts';

/** Numbers below 1 from a seed, the same each time (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Attributes by type: of a prediction's row, of the request, and one that neither has, so that a query never knows it. */
const ATTRIBUTES: readonly (readonly [string, AttributeType])[] = [
  ['model', 'text'], ['version', 'text'], ['deployment', 'text'], ['outcome', 'text'], ['time', 'time'], ['index', 'number'], ['own', 'truth'],
  ['class', 'text'], ['purpose', 'text'], ['tenant', 'text'], ['now', 'time'], ['stated-purpose', 'text'], ['requester', 'text'],
];

/** Classes of contracts, as a bundle's contracts give them; a row may also name a contract that there is no more. */
export const CLASSES: ReadonlyMap<string, string> = new Map([['a', 'A'], ['5', 'a'], ['\'; drop table row --', 'null'], ['🚀', '']]);

// Few values, so that they meet; some that a careless comparison would convert or fold.
const VALUES: Record<AttributeType, readonly Literal[]> = {
  text: ['', 'a', 'A', 'ä', 'a ', '5', 'null', 'NULL', "'; drop table row --", 'prn_me', '🚀', '\u{FFFD}'],
  number: [-1, 0, 1, 2.5, 5, 9_007_199_254_740_991],
  time: [0, 1, 5, 1_767_225_600_000],
  truth: [true, false],
};

export const ASKERS: readonly Asker[] = [
  { id: 'prn_me', role: 'a' },
  { id: 'a', role: 'A', models: ['a', '5'] },
  { id: '', role: 'a', models: [] },
  // As no caller is: every variable may be absent, and then nothing that looks at it can be judged.
  { id: undefined as unknown as string, role: undefined as unknown as string },
];

/** A row of the read model, as far as rules look at it. */
export type RandomRow = Readonly<Record<'model' | 'version' | 'deployment' | 'outcome' | 'time' | 'index' | 'principal' | 'contract' | 'purpose', Literal | null>>;

/** A source of random rules about `read prediction`, and of rows. */
export class RandomRules {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  /** One to four rules that allow or deny, two thirds of them with conditions. */
  rules(): Rule[] {
    return Array.from({ length: 1 + this.below(4) }, (_, n) => ({
      id: `r${n}`,
      effect: this.random() < 0.6 ? 'allow' : 'deny',
      actions: ['read'],
      resources: ['prediction'],
      fields: this.random() < 0.2 ? [this.one(['inputs', 'inputs.ssn', 'output', 'output.score.raw'])] : undefined,
      condition: this.random() < 0.8 ? this.condition(0) : undefined,
      reason: 'random',
      place: undefined,
    }));
  }

  asker(): Asker {
    return this.one(ASKERS);
  }

  /** Every column with a value of its type, or null. */
  row(index: number): RandomRow {
    const value = (type: AttributeType): Literal | null => (this.random() < 0.3 ? null : this.one(VALUES[type]));
    return {
      model: value('text'), version: value('text'), deployment: value('text'), outcome: value('text'), time: value('time'), index: this.random() < 0.2 ? null : index,
      principal: this.random() < 0.3 ? null : this.one(['prn_me', 'a', '', 'prn_other']), contract: value('text'), purpose: value('text'),
    };
  }

  /** What is the same for every row of a query. */
  circumstances(): Attributes {
    return { tenant: this.one(['a', 'A', null]), now: this.one([0, 5, 1_767_225_600_000]), 'stated-purpose': this.one(['a', 'null', null, undefined]) };
  }

  private condition(depth: number): Condition {
    const roll = this.random();
    if (depth > 3 || roll < 0.55) return this.test();
    const conditions = Array.from({ length: this.below(4) }, () => this.condition(depth + 1));
    return roll < 0.8 ? { all: conditions } : { any: conditions };
  }

  private test(): Test {
    const [attribute, type] = this.one(ATTRIBUTES);
    const atom = { attribute, type, line: 0 };
    const roll = this.random();
    if (roll < 0.15) return { ...atom, operator: this.one(['exists', 'absent']) };
    if (roll < 0.45) return { ...atom, operator: this.one(['in', 'not-in']), operand: this.list(type) };
    const ordered = type === 'number' || type === 'time';
    return { ...atom, operator: this.one(ordered ? (['eq', 'ne', 'lt', 'lte', 'gt', 'gte'] as const) : (['eq', 'ne'] as const)), operand: this.value(type) };
  }

  private value(type: AttributeType): Operand<Literal> {
    if (type === 'text' && this.random() < 0.3) return { variable: this.one(['$principal.id', '$principal.role']) };
    return { value: this.one(VALUES[type]) };
  }

  private list(type: AttributeType): Operand<readonly Literal[]> {
    if (type === 'text' && this.random() < 0.3) return { variable: '$principal.models' };
    return { value: Array.from({ length: this.below(4) }, () => this.one(VALUES[type])).filter((each) => hasType(each, type)) };
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private one<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}
