import type { TokenizationFile } from './contract-file.ts';
import type { Field } from './field.ts';

/** What becomes of a field's value before anything is hashed, in words. */
export function tokenizationText({ mode, within, keepLast, to, bounds, outlivesErasure }: TokenizationFile): string {
  switch (mode) {
    case 'token':
      return 'becomes a random token';
    case 'deterministic-token':
      return `becomes a token, the same for the same value within the ${within ?? 'subject'}${outlivesErasure === true ? ', which outlives an erasure' : ''}`;
    case 'mask':
      return `is masked${keepLast === undefined || keepLast === 0 ? '' : ` but for its last ${keepLast} characters`}`;
    case 'generalize':
      return `is generalized to ${to === 'band' ? `the bands from ${(bounds ?? []).join(', ')}` : to}`;
    case 'redact':
      return 'is redacted';
    case 'drop':
      return 'is dropped';
    case 'keep':
      return 'is kept as it was sent, encrypted at rest';
  }
}

/** A field's class and what becomes of it: `personal (Safe Harbor B), becomes a random token`. Objects and arrays have neither. */
export function fieldText(field: Field): string {
  const { type, class: dataClass, safeHarbor, required, freeText } = field;
  const word = [required === true ? 'required' : '', freeText === true ? 'free text' : type].filter((part) => part !== '').join(' ');
  if (dataClass === undefined) return word;
  const harbor = safeHarbor === undefined || safeHarbor === 'none' ? '' : ` (Safe Harbor ${safeHarbor})`;
  return `${word}, ${dataClass}${harbor}, ${tokenizationText(tokenizationOf(field))}`;
}

/** What is done with a field's value; kept where nothing is said. */
export function tokenizationOf({ tokenization }: Field): TokenizationFile {
  return tokenization ?? { mode: 'keep' };
}
