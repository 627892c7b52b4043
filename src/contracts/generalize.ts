import type { JsonValue } from '../core/json-value.ts';
import { isDay } from './checksums.ts';
import { SPARSE_ZIP3_2000, type SparseZip3 } from './sparse-zip3.ts';
import { TokenizationError } from './tokenization-error.ts';

/** How a value is made coarser. */
export type Generalization =
  | { to: 'zip3' }
  | { to: 'year' }
  /** The year of birth, `90+` for who is 90 or older: that year alone would tell the age. */
  | { to: 'birth-year' }
  | { to: 'age' }
  /** Ascending lower bounds: `[0, 18, 65]` makes `0–18`, `18–65`, `65+`, lower bound included, upper one not. */
  | { to: 'band'; bounds: readonly number[] };

/** What a value alone does not say. */
export interface Circumstances {
  /** Which ZIP areas become `000`; SPARSE_ZIP3_2000 by default. */
  sparse?: SparseZip3;
  /** The year in which the record is made: whoever is over 89 in it has no year of birth. */
  year: number;
}

/** From which age on all are one group: 45 CFR 164.514(b)(2)(i)(C). */
export const OLDEST = 90;
const MAX_AGE = 150;
const ZIP = /^\d{5}(?:-?\d{4})?$/;
const ISO_DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T\S{1,40})?)?)?$/;

/**
 * Makes a value coarser. `null` stays null.
 *
 * @throws TokenizationError where the value is not of the kind that is made coarser; never repeats it
 */
export function generalize(value: JsonValue, generalization: Generalization, { sparse = SPARSE_ZIP3_2000, year: now }: Circumstances): JsonValue {
  if (value === null) return null;
  switch (generalization.to) {
    case 'zip3':
      return zip3(value, sparse);
    case 'year':
      return year(value);
    case 'birth-year':
      return birthYear(value, now);
    case 'age':
      return age(value);
    case 'band':
      return band(value, generalization.bounds);
  }
}

/** The first three digits of a ZIP code, `000` where the area has too few people. */
function zip3(value: JsonValue, sparse: SparseZip3): string {
  // A ZIP sent as a number has lost its leading zeros: it would name another area.
  if (typeof value !== 'string' || !ZIP.test(value.trim())) throw new TokenizationError('not-a-zip', 'is no ZIP code: send five digits, or five and four, as a text');
  const prefix = value.trim().slice(0, 3);
  return sparse.prefixes.includes(prefix) ? '000' : prefix;
}

/** The year of a date in ISO 8601. */
function year(value: JsonValue): number {
  const match = typeof value === 'string' ? ISO_DATE.exec(value.trim()) : typeof value === 'number' && Number.isInteger(value) ? ISO_DATE.exec(String(value)) : null;
  const [month, day] = [Number(match?.[2] ?? 1), Number(match?.[3] ?? 1)];
  if (match === null || !isDay(month, day)) throw new TokenizationError('not-a-date', 'is no date: send YYYY, YYYY-MM-DD or a time of RFC 3339');
  return Number(match[1]);
}

/** 45 CFR 164.514(b)(2)(i)(C): a year that tells an age over 89 goes into the group of 90 and older. Without the day, whoever may be 90 in that year counts as 90. */
function birthYear(value: JsonValue, now: number): number | string {
  if (value === `${OLDEST}+`) return value;
  const born = year(value);
  return now - born >= OLDEST ? `${OLDEST}+` : born;
}

/** An age in whole years, `90+` from 90 on. */
function age(value: JsonValue): number | string {
  if (value === `${OLDEST}+`) return value;
  const years = typeof value === 'number' ? value : typeof value === 'string' && /^\d{1,3}$/.test(value.trim()) ? Number(value) : Number.NaN;
  if (!(years >= 0 && years <= MAX_AGE)) throw new TokenizationError('not-an-age', `is no age: send years from 0 to ${MAX_AGE}`);
  const whole = Math.floor(years);
  return whole >= OLDEST ? `${OLDEST}+` : whole;
}

/** The band of a number: `18–65`, or `65+` from the last bound on. */
function band(value: JsonValue, bounds: readonly number[]): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TokenizationError('not-a-number', 'is no number: its band cannot be said');
  const at = bounds.findLastIndex((bound) => value >= bound);
  const lower = bounds[at];
  if (lower === undefined) throw new TokenizationError('not-in-a-band', 'is below the lowest band: send a number that the bands hold, or let the contract start them lower');
  const upper = bounds[at + 1];
  return upper === undefined ? `${lower}+` : `${lower}–${upper}`;
}
