import type { Action, Resource } from './catalogue.ts';
import type { Condition } from './condition.ts';

/** A rule as it is in force. */
export interface Rule {
  readonly id: string;
  readonly effect: 'allow' | 'deny';
  readonly actions: readonly Action[];
  readonly resources: readonly Resource[];
  /** Paths of nested fields that an allowing rule is limited to, or that a denying one withholds; undefined: all of it. */
  readonly fields: readonly string[] | undefined;
  /** Undefined: always. */
  readonly condition: Condition | undefined;
  readonly reason: string;
  /** Where it stands; undefined for what the code itself enforces. */
  readonly place: { readonly path: string; readonly line: number } | undefined;
}

export interface Role {
  readonly name: string;
  readonly description: string;
  /** In the file's order. */
  readonly rules: readonly Rule[];
}

/** Of what no rule allows. */
export const NO_RULE = 'none';
