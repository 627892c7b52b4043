import type { DigitWindow } from './digit-windows.ts';
import { isLabelled } from './field-words.ts';
import type { Find } from './hit.ts';
import { isWordUnit } from './scan.ts';

const LABEL = /\b(?:tele)?phone\b|\bphone|\btel\b|telefon|\bmobil|\bcell\b|\bfax\b|\bcall(?:ed|s)?\b|\bwhatsapp\b|\bsms\b|handy|portable|movil|celular|rufnummer|\bcontact\b|电话|手机/;
const NANP = /^1?[2-9]\d\d[2-9]\d{6}$/;
const NANP_SHAPE = /^(?:1([-. ]))?3[-. ]3[-. ]4$/;
/** A date (2-2-4, 4-2-2, alone or before a time), which looks like a number that starts with 0. */
const DATE_SHAPE = /^(?:[12]([-./])[12]\1(?:4|2)(?:[- ]\d.*)?|4([-./])[12]\2[12](?:[- ]\d.*)?)$/;
/** National numbers from a trunk 0: groups of two digits or more, not the decimals of a fraction. */
const TRUNK_SHAPE = /^[2-5](?:[- /.][2-8]){1,5}$/;

/**
 * A phone number: `+` and a country code (E.164), the North American form with separators, a trunk 0 and groups, or digits beside a label.
 *
 * @param field words of the field's name (field-words.ts)
 */
export function phone({ digits, shape, start, end }: DigitWindow, text: string, field: string): Find | undefined {
  const { length } = digits;
  if (length < 7 || length > 15) return undefined;
  const open = text.charAt(start - 1) === '(' ? start - 1 : start;
  const plus = plusBefore(text, open);
  if (plus !== undefined && length >= 8 && !digits.startsWith('0')) return { detector: 'phone', start: plus, end, sure: 2 };
  if (NANP_SHAPE.test(shape) && NANP.test(digits)) return { detector: 'phone', start: open, end, sure: 2 };
  if (DATE_SHAPE.test(shape)) return undefined;
  const trunk = digits.startsWith('0') && length >= 9 && length <= 12 && isTrunkShape(shape);
  return trunk || isLabelled(text, start, field, LABEL) ? { detector: 'phone', start: open, end, sure: 1 } : undefined;
}

/** Where the `+` before a number stands, if one does that no digit or letter precedes (`1e+10`). */
function plusBefore(text: string, open: number): number | undefined {
  if (text.charAt(open - 1) !== '+' || isWordUnit(text, open - 2)) return undefined;
  return open - 1;
}

function isTrunkShape(shape: string): boolean {
  // `0123.456789` is a number with a point: one point makes no phone number.
  return TRUNK_SHAPE.test(shape) && !/^\d\.\d$/.test(shape);
}
