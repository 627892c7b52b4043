import type { Field } from '../contracts/field.ts';
import { definitionOf, noteFields, type SeenFields } from './query-fields-seen.ts';
import { column, type Query } from './query.ts';

/** The 18 classes of 45 CFR 164.514(b)(2)(i), in our own short words. */
const CLASSES: Readonly<Record<string, string>> = {
  A: 'names', B: 'places smaller than a state', C: 'dates but the year, ages over 89', D: 'telephone numbers', E: 'fax numbers', F: 'email addresses', G: 'social security numbers', H: 'medical record numbers',
  I: 'health plan numbers', J: 'account numbers', K: 'certificate and license numbers', L: 'vehicle identifiers', M: 'device identifiers', N: 'URLs', O: 'IP addresses', P: 'biometric identifiers', Q: 'full-face photographs',
  R: 'any other unique identifying number, characteristic or code',
};

/** How each mode of tokenization leaves an identifier, as Safe Harbor sees it. */
const REMOVES = new Set(['token', 'redact', 'drop']);

/** Fields that were seen, by the 18 identifiers of Safe Harbor: what is left of each in the payloads. */
export const SAFE_HARBOR: Query<SeenFields> = {
  name: 'safe-harbor',
  v: 1,
  title: 'Safe Harbor: what is left of the 18 identifiers',
  question: 'To which of the 18 identifiers of Safe Harbor does each field that was seen belong, and does its identifier remain in the payload?',
  basis: 'aggregate',
  columns: [
    column('contract', 'text', 'name@version; none where no contract governs'), column('field', 'text', 'JSON pointer'), column('seen', 'number', 'predictions that have it'), column('letter', 'text', 'A to R, none, or null where the contract does not say', true), column('identifier', 'text', 'what the letter stands for', true),
    column('treatment', 'text', 'what is done to the value', true), column('remains', 'text', 'no, generalized, yes or unknown'),
  ],
  types: ['prediction'],
  parameters: {},
  reasons: { remains: 'an identifier remains as it came', 'not-classified': 'the contract does not say to which of the 18 it belongs, or that it belongs to none' },
  begin: () => ({ fields: {} }),
  take: noteFields,
  finish({ fields }, finds, asked) {
    for (const contract of Object.keys(fields).sort()) {
      for (const pointer of Object.keys(fields[contract] ?? {}).sort()) {
        const field = definitionOf(asked, contract, pointer);
        const letter = field?.safeHarbor ?? null;
        const identifier = letter === null ? null : (CLASSES[letter] ?? null);
        const remains = remainsOf(field);
        const row = finds.row({ contract, field: pointer, seen: fields[contract]?.[pointer] ?? 0, letter, identifier, treatment: treatmentOf(field), remains });
        if (remains === 'yes') finds.exception({ row, index: null, why: 'remains', text: `${pointer} of ${contract} keeps ${identifier}.` });
        if (letter === null && isHealth(field)) finds.exception({ row, index: null, why: 'not-classified', text: `${pointer} of ${contract} names none of A to R, nor none.` });
      }
    }
  },
};

/** Of others the contract need not say it. */
function isHealth(field: Field | undefined): boolean {
  return field === undefined || field.class === 'phi' || field.class === 'special-category';
}

function treatmentOf(field: Field | undefined): string | null {
  const tokenization = field?.tokenization;
  return tokenization === undefined ? null : tokenization.to === undefined ? tokenization.mode : `${tokenization.mode} ${tokenization.to}`;
}

/** 164.514(b)(2)(i)(B), (C): three digits of a ZIP code, a year, and ages up to 89 may stay; the contracts' `generalize` makes no others. */
function remainsOf(field: Field | undefined): string {
  if (field === undefined || field.safeHarbor === undefined) return 'unknown';
  if (field.safeHarbor === 'none') return 'no';
  const mode = field.tokenization?.mode;
  if (mode !== undefined && REMOVES.has(mode)) return 'no';
  return mode === 'generalize' ? 'generalized' : 'yes';
}
