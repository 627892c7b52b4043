import { describe, expect, test } from '@jest/globals';
import canonicalizePackage from 'canonicalize';
import fc from 'fast-check';
import { canonicalize as jsonCanonicalizePackage } from 'json-canonicalize';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { canonicalize, joinMembers, memberTexts } from '../../src/core/canonical-json.ts';
import type { JsonValue } from '../../src/core/json-value.ts';
import { parseStrictJson } from '../../src/core/strict-json.ts';
import { jsonValue } from './json-arbitrary.ts';
import './to-throw-with-code.ts';
import { vectors } from './vectors.ts';

interface NumberVector {
  bits: string;
  json: string | null;
}
interface TextVector {
  name: string;
  text: string;
  canonical: string;
}

// Its declarations say ES module, its code is CommonJS.
const canonicalizeCommonJs = canonicalizePackage as unknown as (value: unknown) => string | undefined;

const { numbers } = vectors<{ numbers: NumberVector[] }>('jcs-numbers.json');
const { texts } = vectors<{ texts: TextVector[] }>('jcs-texts.json');

function double(bits: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  return view.getFloat64(0);
}

function nested(depth: number): JsonValue {
  let value: JsonValue = [];
  for (let i = 1; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

describe('canonicalize', () => {
  test.each(numbers)('writes double $bits as $json', ({ bits, json }) => {
    const value = double(bits);
    if (json === null) expect(() => canonicalize(value)).toThrowWithCode('json-number-not-finite');
    else expect(canonicalize(value)).toBe(json);
  });

  test.each(texts)('$name', ({ text, canonical }) => {
    expect(toHex(utf8(canonicalize(parseStrictJson(text))))).toBe(canonical);
  });

  test('agrees with two libraries', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        const text = canonicalize(value);
        expect(text).toBe(canonicalizeCommonJs(value));
        expect(text).toBe(jsonCanonicalizePackage(value));
      }),
      { numRuns: 2000 },
    );
  });

  test('sorts the keys of an object whatever order they came in, cached or not', () => {
    const keys = Array.from({ length: 200 }, (_, i) => `k${(i * 7919) % 1000}`);
    const expected = `{${[...keys].sort().map((key) => `"${key}":1`).join(',')}}`;
    fc.assert(
      fc.property(fc.shuffledSubarray(keys, { minLength: keys.length }), (shuffled) => {
        const value = Object.fromEntries(shuffled.map((key) => [key, 1]));
        expect(canonicalize(value)).toBe(expected);
        expect(canonicalize(value)).toBe(expected);
      }),
      { numRuns: 50 },
    );
  });

  test('keeps objects apart whose keys fall into one slot of the cache', () => {
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 })), (shapes) => {
        for (const keys of shapes) {
          const sorted = [...keys].sort();
          const value = Object.fromEntries(keys.map((key) => [key, key]));
          expect(canonicalize(value)).toBe(`{${sorted.map((key) => `"${key}":"${key}"`).join(',')}}`);
        }
      }),
    );
  });

  test('is a fixed point: its text, strictly parsed, has the same text', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        const text = canonicalize(value);
        expect(canonicalize(parseStrictJson(text))).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  test('writes an own key __proto__ like any other', () => {
    const value = JSON.parse('{"b":1,"__proto__":{"z":1,"a":2}}') as JsonValue;
    expect(canonicalize(value)).toBe('{"__proto__":{"a":2,"z":1},"b":1}');
    expect(canonicalize(Object.assign(Object.create(null) as object, { b: 1, a: 2 }))).toBe('{"a":2,"b":1}');
  });

  test.each(['\ud800', 'a\udc00', '\udc00\ud800', '😀\ud83d'])('refuses half a surrogate pair (%j)', (text) => {
    expect(() => canonicalize(text)).toThrowWithCode('json-lone-surrogate');
    expect(() => canonicalize([{ a: text }])).toThrowWithCode('json-lone-surrogate');
    expect(() => canonicalize({ [text]: 1 })).toThrowWithCode('json-lone-surrogate');
  });

  test.each([NaN, Infinity, -Infinity])('refuses %p', (value) => {
    expect(() => canonicalize({ a: [value] })).toThrowWithCode('json-number-not-finite');
  });

  test('takes 64 levels and refuses 65, a million and a cycle', () => {
    expect(canonicalize(nested(64))).toHaveLength(64 * 2 + 32 * 4);
    expect(() => canonicalize(nested(65))).toThrowWithCode('json-too-deep');
    expect(() => canonicalize(nested(1_000_000))).toThrowWithCode('json-too-deep');
    const cycle: JsonValue[] = [];
    cycle.push(cycle);
    expect(() => canonicalize(cycle)).toThrowWithCode('json-too-deep');
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['an undefined member', { a: undefined }],
    ['a hole', [1, , 2]], // oxlint-disable-line no-sparse-arrays
    ['a function', { a: () => 1 }],
    ['a symbol', [Symbol('x')]],
    ['a big integer', 1n],
    ['a date', new Date(0)],
    ['a map', new Map([['a', 1]])],
    ['an instance of a class', new (class Point { x = 1; })()],
    ['a typed array', new Uint8Array(2)],
  ])('throws a TypeError on %s, which JSON.stringify would drop or rewrite', (_, value) => {
    expect(() => canonicalize(value as JsonValue)).toThrow(TypeError);
  });
});

describe('members in canonical form', () => {
  const object = fc.dictionary(fc.string().filter((key) => key !== '__proto__'), jsonValue, { noNullPrototype: true });

  test('joined are the object in canonical form, whatever was put in another\'s place', () => {
    fc.assert(
      fc.property(object, fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'), jsonValue, (value, key, other) => {
        const texts = memberTexts(value);
        expect(joinMembers(texts)).toBe(canonicalize(value));
        expect(joinMembers({ ...texts, [key]: canonicalize(other) })).toBe(canonicalize({ ...value, [key]: other }));
      }),
      { numRuns: 1000 },
    );
  });

  test('nest as deep as in the whole object', () => {
    const nested = (depth: number): JsonValue => (depth === 0 ? 0 : { a: nested(depth - 1) });
    expect(joinMembers(memberTexts({ a: nested(63) }))).toBe(canonicalize(nested(64)));
    expect(() => memberTexts({ a: nested(64) })).toThrowWithCode('json-too-deep');
  });
});
