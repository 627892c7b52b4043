import type { DigitWindow } from './digit-windows.ts';
import { isLabelled } from './field-words.ts';
import type { Find } from './hit.ts';
import type { NationalId } from './national-id.ts';
import { AMERICAN_IDS } from './national-ids-america.ts';
import { ASIAN_AND_AFRICAN_IDS } from './national-ids-asia-africa.ts';
import { EUROPEAN_IDS } from './national-ids-europe.ts';

/** Every kind of national id that is digits alone. */
export const NATIONAL_IDS: readonly NationalId[] = [...AMERICAN_IDS, ...EUROPEAN_IDS, ...ASIAN_AND_AFRICAN_IDS];

const BY_LENGTH: readonly (readonly NationalId[])[] = Array.from({ length: 21 }, (_, length) => NATIONAL_IDS.filter(({ digits }) => digits === length));

/**
 * A national id in digits: its grouping or a label says which, and its check holds. Where none says, only those count whose check few random numbers pass.
 *
 * @param field words of the field's name (field-words.ts)
 */
export function nationalId({ digits, shape, start, end }: DigitWindow, text: string, field: string): Find | undefined {
  const ungrouped = shape.length <= 2;
  for (const kind of BY_LENGTH[digits.length] as readonly NationalId[]) {
    const grouped = !ungrouped && kind.shapes.includes(shape);
    if (!grouped && !ungrouped && !kind.label.test(field)) continue;
    if (!kind.valid(digits)) continue;
    if (grouped || (kind.alone && ungrouped) || isLabelled(text, start, field, kind.label)) return { detector: kind.id, start, end, sure: kind.checksum?.startsWith('none') ? 2 : 3 };
  }
  return undefined;
}
