import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalize } from '../../src/core/canonical-json.ts';
import { CoreError, type CoreErrorCode } from '../../src/core/core-error.ts';
import { JsonReader } from '../../src/core/json-reader.ts';
import type { JsonValue } from '../../src/core/json-value.ts';
import { parseStrictJson } from '../../src/core/strict-json.ts';
import { jsonValue, spelledAtWill } from './json-arbitrary.ts';
import './to-throw-with-code.ts';
import { vectors } from './vectors.ts';

interface Refused {
  text: string;
  code: CoreErrorCode;
  at: string;
}
interface Accepted {
  text: string;
  canonical: string;
}

const refused = vectors<{ texts: Refused[] }>('json-refused.json').texts;
const accepted = vectors<{ texts: Accepted[] }>('json-accepted.json').texts;

const exact = (text: string): JsonValue => new JsonReader(text, 64).read();

/** What became of a text: its value, or the refusal. */
function outcome(parse: (text: string) => JsonValue, text: string): unknown {
  try {
    return { value: parse(text) };
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    return { code: error.code, at: error.at, message: error.message };
  }
}

/** Unending numbers, the same for the same seed. */
function* choices(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield state >>> 16;
  }
}

const manyMembers = Array.from({ length: 200_000 }, (_, i) => `"${i}":0`).join();

describe('parseStrictJson', () => {
  test.each(refused)('refuses $text with $code at $at', ({ text, code, at }) => {
    expect(() => parseStrictJson(text)).toThrowWithCode(code, { at });
    expect(() => exact(text)).toThrowWithCode(code, { at });
  });

  test.each(accepted)('takes $text', ({ text, canonical }) => {
    expect(canonicalize(parseStrictJson(text))).toBe(canonical);
    expect(outcome(parseStrictJson, text)).toEqual(outcome(exact, text));
    expect(parseStrictJson(text)).toEqual(JSON.parse(text));
  });

  test('refuses halves of pairs that stand in the text itself', () => {
    expect(() => parseStrictJson('["\ud800"]')).toThrowWithCode('json-lone-surrogate', { at: '/0' });
    expect(() => parseStrictJson('{"a\udc00":1}')).toThrowWithCode('json-lone-surrogate', { at: '' });
    expect(() => parseStrictJson('"\ud83d\\ude00"')).toThrowWithCode('json-lone-surrogate', { at: '' });
    expect(() => parseStrictJson('"\\ud83d\ude00"')).toThrowWithCode('json-lone-surrogate', { at: '' });
    expect(() => parseStrictJson('{}\ud83d')).toThrowWithCode('json-syntax', { at: '2' });
  });

  test('gives the value that was written, however it was spelled', () => {
    fc.assert(
      fc.property(jsonValue, fc.nat(), (value, seed) => {
        const text = spelledAtWill(value, choices(seed));
        const parsed = parseStrictJson(text);
        expect(parsed).toEqual(JSON.parse(text));
        expect(canonicalize(parsed)).toBe(canonicalize(value));
        expect(exact(text)).toEqual(parsed);
      }),
      { numRuns: 2000 },
    );
  });

  test('decides as the exact reader does on texts broken at random', () => {
    const pieces = ['\ud83d', '\ude00', '\\ud83d', '"a":', '1e99', '__proto__'];
    const junk = fc.constantFrom(...'{}[],:"\\0189eE+-. \n/utfnlasrd', ...pieces);
    let [good, bad] = [0, 0];
    fc.assert(
      fc.property(jsonValue, fc.nat(), fc.nat(), fc.nat(2), junk, (value, seed, place, cut, inserted) => {
        const whole = spelledAtWill(value, choices(seed));
        const at = place % (whole.length + 1);
        const text = whole.slice(0, at) + inserted + whole.slice(at + cut);
        const result = outcome(parseStrictJson, text);
        expect(result).toEqual(outcome(exact, text));
        if ('value' in (result as object)) good += 1;
        else bad += 1;
      }),
      { numRuns: 3000 },
    );
    expect(good).toBeGreaterThan(100);
    expect(bad).toBeGreaterThan(500);
  });

  test('decides as the exact reader does on objects with few keys, often equal', () => {
    const common = ['"a"', '"b"', '"\\u0061"', '"c\\\\"', '"c\\""'];
    const key = fc.constantFrom(...common, '"__proto__"', '"constructor"', '"prototype"');
    const text = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('1', '"a"', '"x:y"', '9007199254740993', 'null', '"\\""'),
        fc
          .array(fc.tuple(key, tie('value')), { maxLength: 4 })
          .map((members) => `{${members.map((member) => member.join(':')).join()}}`),
        fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join()}]`),
      ),
    })).value;
    fc.assert(
      fc.property(text, (json) => expect(outcome(parseStrictJson, json)).toEqual(outcome(exact, json))),
      { numRuns: 3000 },
    );
  });

  test('takes a number exactly when its rule says so, and then its canonical form is taken too', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 24 });
    const token = fc
      .tuple(fc.boolean(), digits, fc.option(digits), fc.option(fc.integer({ min: -30, max: 320 })))
      .map(([minus, whole, fraction, exponent]) => {
        const end = (fraction === null ? '' : `.${fraction}`) + (exponent === null ? '' : `e${exponent}`);
        return `${minus ? '-' : ''}${whole.replace(/^0+(?=[0-9])/, '')}${end}`;
      });
    fc.assert(
      fc.property(token, (text) => {
        const size = Math.abs(Number(text));
        const carried =
          size < 2 ** 53 || /^-?9007199254740992$/.test(text) || (size >= 1e21 && size < Infinity && /[.e]/.test(text));
        expect('value' in (outcome(parseStrictJson, text) as object)).toBe(carried);
        if (carried) expect(parseStrictJson(canonicalize(parseStrictJson(text)))).toBe(Number(text) + 0);
      }),
      { numRuns: 3000 },
    );
  });

  test('counts depth from the limit it is given, up to 64', () => {
    expect(parseStrictJson('[[{}]]', { maxDepth: 3 })).toEqual([[{}]]);
    expect(() => parseStrictJson('[[{"a":[]}]]', { maxDepth: 3 })).toThrowWithCode('json-too-deep', { at: '/0/0/a' });
    expect(() => parseStrictJson('['.repeat(65) + ']'.repeat(65), { maxDepth: 1000 })).toThrowWithCode('json-too-deep');
    const wide = `[${'[[]],'.repeat(5000)}"]]]["]`;
    expect(parseStrictJson(wide, { maxDepth: 3 })).toHaveLength(5001);
    expect(() => parseStrictJson(wide, { maxDepth: 2 })).toThrowWithCode('json-too-deep', { at: '/0/0' });
  });

  test.each([10_000, 1_000_000])('refuses %d levels without walking them', (depth) => {
    const started = performance.now();
    for (const [open, close] of [['[', ']'], ['{"a":', '}'], ['[{"a":', '}]']] as const) {
      expect(() => parseStrictJson(open.repeat(depth))).toThrowWithCode('json-too-deep');
      expect(() => parseStrictJson(`${open.repeat(depth)}1${close.repeat(depth)}`)).toThrowWithCode('json-too-deep');
    }
    // `JSON.parse` alone takes ten times as long over the million.
    expect(performance.now() - started).toBeLessThan(500);
  });

  test.each<[string, string, CoreErrorCode | 'taken']>([
    ['a long string', `"${'a'.repeat(5_000_000)}"`, 'taken'],
    ['a long unended string', `"${'a'.repeat(5_000_000)}`, 'json-syntax'],
    ['many backslashes', `"${'\\\\'.repeat(1_000_000)}"`, 'taken'],
    ['many quotes', '"'.repeat(1_000_000), 'json-syntax'],
    ['many digits', '1'.repeat(5_000_000), 'json-number-not-finite'],
    ['many blanks', ' '.repeat(5_000_000), 'json-syntax'],
    ['many members', `{${manyMembers}}`, 'taken'],
    ['many members, the last doubled', `{${manyMembers},"7":1}`, 'json-duplicate-key'],
  ])('takes linear time for %s', (_, text, expected) => {
    if (expected === 'taken') expect(parseStrictJson(text)).toBeDefined();
    else expect(() => parseStrictJson(text)).toThrowWithCode(expected);
  }, 5_000);

  test('says where, in words, and never repeats a value', () => {
    const text = '{\n  "name": "Ada Lovelace",\n  "ssn": 90071992547409931,\n  "name": "x"\n}';
    expect(() => parseStrictJson(text)).toThrow(/at "\/ssn", line 3, column 10, offset 37$/);
    const secret = 'S3cret';
    const halves = [`["${secret}\ud800"]`, `["${secret}\\ud800"]`];
    for (const bad of [...halves, `{"a":"${secret}"x}`, `[123${secret}]`, `"${secret}`, `["${secret}\\x"]`, secret]) {
      const result = outcome(parseStrictJson, bad) as { message: string };
      expect(result.message).toMatch(/line 1, column/);
      expect(result.message).not.toContain(secret);
    }
  });

  test('cuts and cleans the keys that it names', () => {
    const long = outcome(parseStrictJson, `{"${'k'.repeat(5000)}":1e400}`) as { at: string; message: string };
    expect(long.at).toHaveLength(200);
    expect(long.message.length).toBeLessThan(400);
    const forged = outcome(parseStrictJson, '{"a\\nERROR \\u001b[31m\\u2028\\u202e":1e400}') as { at: string };
    expect(forged.at).toBe('/a\ufffdERROR \ufffd[31m\ufffd\ufffd');
    const cutInPair = outcome(parseStrictJson, `{"${'😀'.repeat(500)}":1e400}`) as { at: string };
    expect(cutInPair.at.isWellFormed()).toBe(true);
  });
});
