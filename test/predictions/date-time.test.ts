import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { isDateTime } from '../../src/predictions/date-time.ts';

const ajv = new Ajv();
formats.default(ajv, ['date-time']);
const oracle = ajv.compile<string>({ type: 'string', format: 'date-time' });

describe('a date-time', () => {
  test.each([
    ['2026-11-22T09:00:00Z', true],
    ['2026-11-22T09:00:00.000Z', true],
    ['2024-02-29T23:59:59.999Z', true],
    ['2016-12-31T23:59:60Z', true],
    ['2026-11-22T09:00:00.123456+01:00', true],
    ['2026-02-29T00:00:00Z', false],
    ['2026-13-01T00:00:00Z', false],
    ['2026-00-01T00:00:00Z', false],
    ['2026-01-00T00:00:00Z', false],
    ['2026-01-01T24:00:00Z', false],
    ['2026-01-01T00:60:00Z', false],
    ['2026-01-01T00:00:60Z', false],
    ['2026-01-01T00:00:00', false],
    ['2026-01-01', false],
    ['', false],
  ])('%s: %s', (text, expected) => {
    expect(isDateTime(text)).toBe(expected);
    expect(oracle(text)).toBe(expected);
  });

  test('is what ajv-formats says, for any numbers, in any spelling, with anything put in', () => {
    const two = fc.nat(99).map((number) => String(number).padStart(2, '0'));
    const spelled = fc
      .tuple(fc.nat(9999).map((year) => String(year).padStart(4, '0')), two, two, two, two, two, fc.constantFrom('', '.0', '.000', '.123456', '.'), fc.constantFrom('Z', 'z', '', '+01:00', '-23:59'), fc.constantFrom('T', 't', ' '))
      .map(([year, month, day, hour, minute, second, fraction, zone, between]) => `${year}-${month}-${day}${between}${hour}:${minute}:${second}${fraction}${zone}`);
    const real = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }).map((date) => date.toISOString());
    const changed = fc.tuple(real, fc.nat(23), fc.constantFrom('0', '9', ':', '/', '-', '٣', 'T')).map(([text, at, char]) => text.slice(0, at) + char + text.slice(at + 1));
    fc.assert(fc.property(fc.oneof(spelled, real, changed), (text) => isDateTime(text) === oracle(text)), { numRuns: 5000 });
  });
});
