import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import type { JsonValue } from '../../src/core/json-value.ts';
import { SPARSE_ZIP3_2000 } from '../../src/contracts/sparse-zip3.ts';
import { TokenizationError } from '../../src/contracts/tokenization-error.ts';
import { applyInPlace, legalProperties, parameterFault, TOKENIZATION_MODES, type Tokenization } from '../../src/contracts/tokenization-modes.ts';

type InPlace = Parameters<typeof applyInPlace>[1];
const apply = (value: JsonValue, tokenization: InPlace) => applyInPlace(value, tokenization, { year: 2026 });

function codeOf(value: JsonValue, tokenization: InPlace): string {
  try {
    apply(value, tokenization);
  } catch (error) {
    if (error instanceof TokenizationError) return error.code;
    throw error;
  }
  return 'fits';
}

describe('generalize', () => {
  it.each([
    ['94110', '941'],
    ['94110-1234', '941'],
    ['03601', '000'],
    ['89301', '000'],
    ['00501', '005'],
    [null, null],
  ])('ZIP %s becomes %s', (zip, expected) => expect(apply(zip, { mode: 'generalize', to: 'zip3' })).toBe(expected));

  it('hides each of the seventeen areas of the 2000 Census, and no other', () => {
    expect(SPARSE_ZIP3_2000.prefixes).toHaveLength(17);
    const hidden = Array.from({ length: 1000 }, (_, area) => String(area).padStart(3, '0')).filter((area) => area !== '000' && apply(`${area}01`, { mode: 'generalize', to: 'zip3' }) === '000');
    expect(hidden).toEqual(SPARSE_ZIP3_2000.prefixes);
  });

  it('takes another table than the one of 2000', () => {
    expect(applyInPlace('94110', { mode: 'generalize', to: 'zip3' }, { year: 2026, sparse: { source: 'a test', census: 2020, atMost: 20_000, prefixes: ['941'] } })).toBe('000');
  });

  it.each([
    ['1980-03-12', 1980],
    ['1980', 1980],
    ['1980-03', 1980],
    ['2026-11-27T13:50:17.123Z', 2026],
    [1980, 1980],
  ])('the year of %s is %s', (date, expected) => expect(apply(date, { mode: 'generalize', to: 'year' })).toBe(expected));

  it('puts a year of birth that tells an age over 89 into one group', () => {
    expect(apply('1937-01-01', { mode: 'generalize', to: 'birth-year' })).toBe(1937);
    expect(apply('1936-12-31', { mode: 'generalize', to: 'birth-year' })).toBe('90+');
    expect(apply(1901, { mode: 'generalize', to: 'birth-year' })).toBe('90+');
  });

  it.each([
    [0, 0],
    [41, 41],
    [41.9, 41],
    ['41', 41],
    [89, 89],
    [89.99, 89],
    [90, '90+'],
    [110, '90+'],
    ['90+', '90+'],
  ])('the age %s becomes %s', (age, expected) => expect(apply(age, { mode: 'generalize', to: 'age' })).toBe(expected));

  it.each([
    [0, '0–18'],
    [17.9, '0–18'],
    [18, '18–65'],
    [65, '65+'],
  ])('%s stands in the band %s', (value, expected) => expect(apply(value, { mode: 'generalize', to: 'band', bounds: [0, 18, 65] })).toBe(expected));

  it.each([
    ['not-a-zip', 3601, { mode: 'generalize', to: 'zip3' }],
    ['not-a-zip', '9411', { mode: 'generalize', to: 'zip3' }],
    ['not-a-zip', 'SW1A 1AA', { mode: 'generalize', to: 'zip3' }],
    ['not-a-date', '12/03/1980', { mode: 'generalize', to: 'year' }],
    ['not-a-date', '1980-13-01', { mode: 'generalize', to: 'year' }],
    ['not-a-date', '1980-02-30', { mode: 'generalize', to: 'year' }],
    ['not-an-age', -1, { mode: 'generalize', to: 'age' }],
    ['not-an-age', 151, { mode: 'generalize', to: 'age' }],
    ['not-an-age', 'old', { mode: 'generalize', to: 'age' }],
    ['not-an-age', '', { mode: 'generalize', to: 'age' }],
    ['not-a-number', '12', { mode: 'generalize', to: 'band', bounds: [0] }],
    ['not-in-a-band', -1, { mode: 'generalize', to: 'band', bounds: [0] }],
    ['not-text', { a: 1 }, { mode: 'mask' }],
    ['not-text', true, { mode: 'mask' }],
  ] as const)('refuses with %s, and says no value', (code, value, tokenization) => {
    expect(codeOf(value, tokenization as InPlace)).toBe(code);
    expect(() => apply('Zorblatt', { mode: 'generalize', to: 'year' })).toThrow(/^(?!.*Zorblatt)/);
  });

  it('never lets a birth year, an age or an area through that Safe Harbor hides', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 150 }), fc.integer({ min: 1870, max: 2026 }), fc.integer({ min: 0, max: 99_999 }), (age, born, zip) => {
        expect(Number(apply(age, { mode: 'generalize', to: 'age' })) >= 90).toBe(false);
        expect(Number(apply(born, { mode: 'generalize', to: 'birth-year' })) <= 1936).toBe(false);
        expect(SPARSE_ZIP3_2000.prefixes).not.toContain(apply(String(zip).padStart(5, '0'), { mode: 'generalize', to: 'zip3' }));
      }),
    );
  });
});

describe('mask', () => {
  it('keeps the last characters alone, and tells no length', () => {
    expect(apply('4111111111111111', { mode: 'mask', keepLast: 4 })).toBe('••••••••1111');
    expect(apply('AB', { mode: 'mask' })).toBe('••••••••');
    expect(apply(123456789, { mode: 'mask', keepLast: 2 })).toBe('••••••••89');
  });

  it('keeps nothing of a value that would be shown by more than its half', () => {
    expect(apply('1234567', { mode: 'mask', keepLast: 4 })).toBe('••••••••');
    expect(apply('12345678', { mode: 'mask', keepLast: 4 })).toBe('••••••••5678');
  });

  it('never parts a character from its second half', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.integer({ min: 0, max: 8 }), (text, keepLast) => expect((apply(text, { mode: 'mask', keepLast }) as string).isWellFormed()).toBe(true)));
  });
});

describe('the catalogue of modes', () => {
  const ajv = new Ajv();

  it('lists each mode once, with a schema that takes its parameters and no other', () => {
    const examples: Tokenization[] = [
      { mode: 'token' },
      { mode: 'deterministic-token', within: 'subject' },
      { mode: 'deterministic-token', within: 'log' },
      { mode: 'mask', keepLast: 4 },
      { mode: 'generalize', to: 'band', bounds: [0, 18] },
      { mode: 'redact' },
      { mode: 'drop' },
      { mode: 'keep' },
    ];
    expect(new Set(TOKENIZATION_MODES.map(({ mode }) => mode))).toEqual(new Set(examples.map(({ mode }) => mode)));
    expect(new Set(TOKENIZATION_MODES.map(({ mode }) => mode)).size).toBe(TOKENIZATION_MODES.length);
    for (const { mode, ...parameters } of examples) {
      const validate = ajv.compile(TOKENIZATION_MODES.find((listed) => listed.mode === mode)?.parameters ?? false);
      expect(validate(parameters)).toBe(true);
      expect(validate({ ...parameters, keep_last: 4 })).toBe(false);
    }
  });

  it('says what a mode means in law', () => {
    expect(legalProperties({ mode: 'token' })).toEqual({ reversible: true, linkable: 'no', safeHarbor: true, identifiability: 'pseudonymous', erasable: true });
    expect(legalProperties({ mode: 'deterministic-token', within: 'log' })).toMatchObject({ safeHarbor: false, erasable: false, linkable: 'log' });
    expect(legalProperties({ mode: 'mask', keepLast: 4 }).safeHarbor).toBe(false);
    expect(legalProperties({ mode: 'generalize', to: 'zip3' }).safeHarbor).toBe(true);
    expect(legalProperties({ mode: 'keep' })).toMatchObject({ identifiability: 'personal', safeHarbor: false });
  });

  it('finds the faults of parameters that a schema cannot', () => {
    expect(parameterFault({ mode: 'generalize', to: 'band', bounds: [0, 18, 18] })).toMatch(/ascend/);
    expect(parameterFault({ mode: 'generalize', to: 'band' } as unknown as Tokenization)).toMatch(/no bounds/);
    expect(parameterFault({ mode: 'generalize', to: 'year', bounds: [1] } as unknown as Tokenization)).toMatch(/only/);
    expect(parameterFault({ mode: 'generalize', to: 'band', bounds: [0, 18] })).toBeUndefined();
  });
});
