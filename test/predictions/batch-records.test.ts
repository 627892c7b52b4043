import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Problem } from '../../src/http/problem.ts';
import { splitArray, splitLines } from '../../src/predictions/batch-records.ts';

const parse = (records: Buffer[]): unknown[] => records.map((record) => JSON.parse(record.toString('utf8')) as unknown);
const blank = fc.stringMatching(/^[ \t\r\n]{0,3}$/);

describe('a JSON array', () => {
  test('of anything splits into what JSON.parse finds in it', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 1, '\t'), blank, (values, indent, space) => {
        const text = `${space}${JSON.stringify(values, null, indent)}${space}`;
        expect(parse(splitArray(Buffer.from(text), 1000))).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  test('is refused whenever JSON.parse refuses its frame: a cut text is never taken for a whole one', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), fc.nat(), (values, at) => {
        const text = JSON.stringify(values);
        const cut = Buffer.from(text.slice(0, at % text.length));
        expect(() => splitArray(cut, 1000)).toThrow(Problem);
      }),
      { numRuns: 500 },
    );
  });

  test('of bytes never hangs, never throws anything but a problem, and gives views that lie in the body, in order', () => {
    const hostile = fc.array(fc.constantFrom(...'[]{},:"\\ \n\u00e9\0ntf0-'), { maxLength: 60 }).map((chars) => Buffer.from(`[${chars.join('')}`));
    fc.assert(
      fc.property(hostile, (body) => {
        try {
          let end = 0;
          for (const record of splitArray(body, 1000)) {
            const start = record.byteOffset - body.byteOffset;
            expect(start).toBeGreaterThan(end);
            end = start + record.length;
          }
          expect(end).toBeLessThan(body.length);
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('what is in an element is left to the reader of records', () => {
    expect(splitArray(Buffer.from('[nul, {"a":]}, "\\"],[", {}]'), 10).map(String)).toEqual(['nul', ' {"a":]}', ' "\\"],["', ' {}']);
  });

  test('of ten megabytes of brackets or quotes takes no longer than its length', () => {
    for (const char of ['[', '"', '\\', ',', '{"']) {
      const started = performance.now();
      expect(() => splitArray(Buffer.from(`[1${char.repeat(10_000_000 / char.length)}`), 1000)).toThrow(Problem);
      expect(performance.now() - started).toBeLessThan(5000);
    }
  });
});

describe('lines', () => {
  test('of anything, with blank lines and either line end, are what JSON.parse finds in each', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom('\n', '\r\n', '\n\n', '\r\n \t\r\n'), fc.boolean(), (values, end, last) => {
        const text = values.map((value) => JSON.stringify(value)).join(end) + (last ? end : '');
        expect(parse(splitLines(Buffer.from(text), 1000))).toEqual(values.map((value) => JSON.parse(JSON.stringify(value)) as unknown));
      }),
      { numRuns: 500 },
    );
  });

  test('that are all blank are no records', () => {
    expect(splitLines(Buffer.from('\n \r\n\t\n'), 10)).toEqual([]);
    expect(splitLines(Buffer.alloc(0), 10)).toEqual([]);
  });
});

test.each([
  ['lines', (count: number) => splitLines(Buffer.from('1\n'.repeat(count)), 5)],
  ['an array', (count: number) => splitArray(Buffer.from(`[${Array.from({ length: count }, () => '1').join(',')}]`), 5)],
])('%s: the most that may be are taken, one more is refused', (_form, split) => {
  expect(split(5)).toHaveLength(5);
  expect(() => split(6)).toThrow('at most 5 records');
});
