import type { JsonValue } from '../core/json-value.ts';
import type { FileDigest, Period } from './manifest.ts';

/** What a population or a control comes to (docs/spec/bundle.md#verdicts). */
export type Verdict = 'evidenced' | 'partial' | 'not_evidenced' | 'contradicted' | 'unevaluable';
export const VERDICT_RULES = ['no-exceptions', 'due', 'present', 'listed', 'never'] as const;
export type VerdictRule = (typeof VERDICT_RULES)[number];
export const STRENGTHS = ['direct', 'supporting', 'indicative'] as const;
export type Strength = (typeof STRENGTHS)[number];

export interface Column {
  readonly name: string;
  readonly type: 'text' | 'number' | 'truth' | 'time';
  readonly nullable: boolean;
  readonly meaning: string;
}

/** One row: exactly the population's columns. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

/** Named counts whose sum is the other side's. */
export interface ControlTotal {
  readonly name: string;
  readonly left: Readonly<Record<string, number>>;
  readonly right: Readonly<Record<string, number>>;
  readonly holds: boolean;
}

export interface Gap {
  /** Which series, where there are several. */
  readonly of?: string;
  /** Both included. */
  readonly from: number;
  readonly to: number;
}

export interface GapCheck {
  readonly of: string;
  readonly expected: number;
  readonly found: number;
  readonly gapCount: number;
  /** The first 100. */
  readonly gaps: readonly Gap[];
}

export interface Exclusion {
  readonly rule: string;
  readonly count: number;
  /** Whether they would belong to the population, and cannot be read any more. */
  readonly lost: boolean;
}

/** A line of `exceptions.jsonl`. */
export interface Exception {
  /** Number of the row, from 0; null where what is wrong has none. */
  readonly row: number | null;
  /** Leaf index; null where there is none. */
  readonly index: number | null;
  /** A code. */
  readonly why: string;
  readonly text: string;
  /** Leaf index of the entry by which somebody has dealt with it. */
  readonly disposition: number | null;
}

export interface Sample {
  readonly control: string;
  readonly method: 'seeded' | 'all';
  /** Hex. */
  readonly seed: string;
  readonly n: number;
  readonly rows: readonly number[];
  readonly file: FileDigest;
}

/** A line of `samples/<assertion>/<control>.jsonl`. */
export interface SampleLine {
  readonly row: number;
  readonly values: Row;
  /** Exactly the leaf's text, and its tlog-proof. */
  readonly entry: string | null;
  readonly proof: string | null;
  readonly payload?: string;
  readonly salt?: string;
}

/** `populations/<assertion>/envelope.json` (docs/spec/bundle.md#envelopejson). */
export interface Envelope {
  readonly v: 1;
  readonly assertion: string;
  readonly name: string;
  readonly question: string;
  readonly controls: readonly string[];
  readonly query: { readonly name: string; readonly v: number; readonly parameters: Readonly<Record<string, JsonValue>>; readonly digest: string };
  readonly source: { readonly origin: string; readonly first: number | null; readonly last: number | null; readonly size: number; readonly root: string; readonly checkpoint: 'log/checkpoint' };
  readonly asOf: string;
  readonly period: Period;
  readonly generatedBy: { readonly principal: string; readonly role: string; readonly policy: string };
  readonly basis: 'entries' | 'aggregate';
  readonly columns: readonly Column[];
  readonly rowCount: number;
  readonly rows: FileDigest;
  readonly csv: FileDigest;
  readonly controlTotals: readonly ControlTotal[];
  readonly gapCheck: GapCheck | null;
  readonly exclusions: readonly Exclusion[];
  readonly samples: readonly Sample[];
  readonly exceptions: FileDigest & { readonly count: number; readonly reasons: Readonly<Record<string, number>> };
  readonly rule: VerdictRule;
  readonly verdict: Verdict;
  readonly because: string;
  readonly strength: Strength;
  readonly caveat: string;
}
