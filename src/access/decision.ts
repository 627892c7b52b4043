import type { Action, Resource } from './catalogue.ts';
import type { VisibleFields } from './visible-fields.ts';

/** What was decided, and by what. */
export interface Decision {
  readonly allowed: boolean;
  readonly action: Action;
  readonly resource: Resource;
  /** The id of the rule that decided; `none` where no rule allows it. */
  readonly rule: string;
  /** The digest of the policy bundle in force, hexadecimal. */
  readonly policy: string;
  /** Nothing where it is denied. */
  readonly fields: VisibleFields;
}
