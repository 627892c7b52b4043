import type { JsonValue } from '../core/json-value.ts';
import { TokenizationError } from './tokenization-error.ts';

/** How a value is masked. */
export interface Mask {
  /** How many characters at the end stay: 0 by default, at most half of the value. */
  keepLast?: number;
}

const COVER = '•';
/** The length that a mask shows where nothing is kept: the value's own length would say something about it. */
const FIXED = 8;

/**
 * Covers a text (or the digits of a number), except for its last characters. The mask is always eight covers long and what is kept: it does not tell the value's length.
 * Of a value so short that what is kept would be more than half of it, nothing is kept.
 *
 * @returns a text
 * @throws TokenizationError `not-text` for a boolean, an array or an object
 */
export function mask(value: JsonValue, { keepLast = 0 }: Mask): JsonValue {
  if (value === null) return null;
  if (typeof value !== 'string' && typeof value !== 'number') throw new TokenizationError('not-text', 'is masked, and only a text or a number can be: send one of them, or let the contract redact the field');
  const characters = Array.from(String(value));
  const kept = keepLast > 0 && keepLast * 2 <= characters.length ? characters.slice(-keepLast).join('') : '';
  return COVER.repeat(FIXED) + kept;
}
