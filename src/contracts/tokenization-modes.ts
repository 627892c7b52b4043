import type { JsonValue } from '../core/json-value.ts';
import { generalize, type Circumstances, type Generalization } from './generalize.ts';
import { mask, type Mask } from './mask.ts';
import { REDACTED } from './redact.ts';

/** What a field's contract says is done with its value before anything is hashed. */
export type Tokenization =
  | { mode: 'token' }
  /** `within: subject`: the same value gets the same token within one data subject; `log`: within the whole log, whoever it belongs to. */
  | { mode: 'deterministic-token'; within: 'subject' | 'log' }
  | ({ mode: 'mask' } & Mask)
  | ({ mode: 'generalize' } & Generalization)
  | { mode: 'redact' }
  | { mode: 'drop' }
  | { mode: 'keep' };

export type TokenizationMode = Tokenization['mode'];

/** What what is left of a value means in law. Statements about the form alone: what else a record says, and who reads it, decides with it. */
export interface LegalProperties {
  /** Whether somebody can get the value back: through the vault, while its row lives. */
  reversible: boolean;
  /** Within what two equal values can be told to be equal. */
  linkable: 'no' | 'subject' | 'log';
  /** Whether the form may stand in a set that is de-identified by 45 CFR 164.514(b)(2), with (c) for codes. */
  safeHarbor: boolean;
  /** GDPR, Article 4(5) and recital 26. `personal`: as it was sent; `pseudonymous`: personal data still; `anonymous`: nothing of the value is left. */
  identifiability: 'personal' | 'pseudonymous' | 'anonymous';
  /** Whether erasing the data subject takes the value away: its key and its vault rows die, and what is left tells nothing. */
  erasable: boolean;
}

/** `token` etc., with its parameters as a closed JSON Schema (draft 7). */
export interface ModeOfTokenization {
  mode: TokenizationMode;
  does: string;
  parameters: { readonly type: 'object'; readonly additionalProperties: false; readonly required?: readonly string[]; readonly properties: { readonly [name: string]: object } };
}

const NONE = { type: 'object', additionalProperties: false, properties: {} } as const;

/** Every mode: a closed list. */
export const TOKENIZATION_MODES: readonly ModeOfTokenization[] = [
  { mode: 'token', does: 'replaces the value by a random token; the vault keeps it', parameters: NONE },
  {
    mode: 'deterministic-token',
    does: 'replaces the value by a token that the same value gets again; the vault keeps both',
    parameters: { type: 'object', additionalProperties: false, required: ['within'], properties: { within: { enum: ['subject', 'log'] } } },
  },
  { mode: 'mask', does: 'covers the value, except for its last characters', parameters: { type: 'object', additionalProperties: false, properties: { keepLast: { type: 'integer', minimum: 0, maximum: 8 } } } },
  {
    mode: 'generalize',
    does: 'makes the value coarser: ZIP3, year, year of birth and age with 90+ as one group, a band',
    parameters: {
      type: 'object',
      additionalProperties: false,
      required: ['to'],
      properties: { to: { enum: ['zip3', 'year', 'birth-year', 'age', 'band'] }, bounds: { type: 'array', minItems: 1, maxItems: 100, uniqueItems: true, items: { type: 'number' } } },
    },
  },
  { mode: 'redact', does: 'leaves a mark where the value stood', parameters: NONE },
  { mode: 'drop', does: 'leaves the field out', parameters: NONE },
  { mode: 'keep', does: 'keeps the value as it was sent, encrypted at rest', parameters: NONE },
];

/** The legal properties of a mode with its parameters. */
export function legalProperties(tokenization: Tokenization): LegalProperties {
  switch (tokenization.mode) {
    case 'token':
      // 164.514(c): a code that is not derived from the value, whose means of re-identification is not disclosed.
      return { reversible: true, linkable: 'no', safeHarbor: true, identifiability: 'pseudonymous', erasable: true };
    case 'deterministic-token':
      // Random, but the same again: within a log it links persons and outlives an erasure, so it is no code by 164.514(c) there.
      return tokenization.within === 'subject'
        ? { reversible: true, linkable: 'subject', safeHarbor: true, identifiability: 'pseudonymous', erasable: true }
        : { reversible: true, linkable: 'log', safeHarbor: false, identifiability: 'pseudonymous', erasable: false };
    case 'mask':
      // The last digits of an identifier are a part of it: HHS's guidance names the last four of an SSN as not de-identified.
      return (tokenization.keepLast ?? 0) === 0
        ? { reversible: false, linkable: 'no', safeHarbor: true, identifiability: 'anonymous', erasable: true }
        : { reversible: false, linkable: 'log', safeHarbor: false, identifiability: 'pseudonymous', erasable: true };
    case 'generalize':
      return { reversible: false, linkable: 'log', safeHarbor: tokenization.to !== 'band', identifiability: 'pseudonymous', erasable: true };
    case 'redact':
    case 'drop':
      return { reversible: false, linkable: 'no', safeHarbor: true, identifiability: 'anonymous', erasable: true };
    case 'keep':
      return { reversible: true, linkable: 'log', safeHarbor: false, identifiability: 'personal', erasable: true };
  }
}

/** What is wrong with parameters that a schema alone cannot tell; undefined where nothing is. */
export function parameterFault(tokenization: Tokenization): string | undefined {
  if (tokenization.mode !== 'generalize') return undefined;
  const bounds = 'bounds' in tokenization ? tokenization.bounds : undefined;
  if (tokenization.to !== 'band') return bounds === undefined ? undefined : 'has bounds, which only "to: band" takes: remove them';
  if (bounds === undefined || bounds.length === 0) return 'has no bounds: give the ascending lower bounds of the bands';
  return bounds.every((bound, at) => at === 0 || bound > (bounds[at - 1] as number)) ? undefined : 'has bounds that do not ascend: put them in order';
}

/**
 * Applies the modes that need no vault.
 *
 * @returns the new value; undefined where the field is to be left out (drop)
 * @throws TokenizationError where the value does not fit
 */
export function applyInPlace(value: JsonValue, tokenization: Exclude<Tokenization, { mode: 'token' | 'deterministic-token' }>, circumstances: Circumstances): JsonValue | undefined {
  switch (tokenization.mode) {
    case 'mask':
      return mask(value, tokenization);
    case 'generalize':
      return generalize(value, tokenization, circumstances);
    case 'redact':
      return REDACTED;
    case 'drop':
      return undefined;
    case 'keep':
      return value;
  }
}
