import { luhn } from './checksums.ts';
import type { DigitWindow } from './digit-windows.ts';
import type { Find } from './hit.ts';

/** Issuer ranges: first and last prefix (of as many digits as they have), and the lengths of their numbers. */
const RANGES: readonly (readonly [from: number, to: number, lengths: readonly number[]])[] = [
  [4, 4, [13, 16, 19]],
  [51, 55, [16]],
  [2221, 2720, [16]],
  [34, 34, [15]],
  [37, 37, [15]],
  [6011, 6011, [16, 17, 18, 19]],
  [644, 649, [16, 17, 18, 19]],
  [65, 65, [16, 17, 18, 19]],
  [300, 305, [14, 16, 17, 18, 19]],
  [3095, 3095, [14, 16, 17, 18, 19]],
  [36, 36, [14, 15, 16, 17, 18, 19]],
  [38, 39, [14, 16, 17, 18, 19]],
  [3528, 3589, [16, 17, 18, 19]],
  [62, 62, [16, 17, 18, 19]],
  [81, 81, [16, 17, 18, 19]],
  [2200, 2204, [16, 17, 18, 19]],
  [508500, 508999, [16]],
  [606985, 607984, [16]],
  [608001, 608500, [16]],
  [979200, 979289, [16]],
  [5018, 5018, [13, 14, 15, 16, 17, 18, 19]],
  [5020, 5020, [13, 14, 15, 16, 17, 18, 19]],
  [5038, 5038, [13, 14, 15, 16, 17, 18, 19]],
  [5893, 5893, [13, 14, 15, 16, 17, 18, 19]],
  [6304, 6304, [13, 14, 15, 16, 17, 18, 19]],
  [6759, 6763, [13, 14, 15, 16, 17, 18, 19]],
];

/** How card numbers are written: in one, in fours, as 4-6-5 and 4-6-4, or digit by digit. */
const SHAPE = /^(?:\d\d|4([-. ])4\1(?:4\1(?:[1-4]|4\1[1-3])|5)|4([-. ])6\2[45])$/;

/** A payment card number (ISO/IEC 7812): a known issuer's range, that issuer's length, Luhn. */
export function cardNumber({ digits, shape, start, end }: DigitWindow): Find | undefined {
  if (digits.length < 13 || digits.length > 19 || !isIssued(digits) || !luhn(digits) || !isShape(shape)) return undefined;
  return { detector: 'card-number', start, end, sure: 3 };
}

function isShape(shape: string): boolean {
  if (SHAPE.test(shape)) return true;
  const separator = shape.charAt(1);
  return shape.length >= 25 && shape === `1${separator}`.repeat((shape.length + 1) / 2 - 1) + '1';
}

function isIssued(digits: string): boolean {
  return RANGES.some(([from, to, lengths]) => {
    const prefix = Number(digits.slice(0, String(from).length));
    return prefix >= from && prefix <= to && lengths.includes(digits.length);
  });
}
