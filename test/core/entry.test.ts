import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromUtf8, utf8 } from '../../src/core/bytes.ts';
import { canonicalize } from '../../src/core/canonical-json.ts';
import type { CoreErrorCode } from '../../src/core/core-error.ts';
import { encodeEntry, type Entry, MAX_ENTRY_BYTES, parseEntry, ZERO_HASH_HEX } from '../../src/core/entry.ts';
import { isTimestamp } from '../../src/core/timestamp.ts';
import { isKeyName } from '../../src/core/vkey.ts';
import { entryWith } from './sample-entry.ts';
import './to-throw-with-code.ts';

const text = fromUtf8(encodeEntry(entryWith()));
/** The sample's text with one piece replaced; a test that replaces nothing would test nothing. */
function textWith(piece: string, other: string): Uint8Array {
  expect(text).toContain(piece);
  return utf8(text.replace(piece, other));
}

const hash = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });
const time = fc
  .date({ min: new Date('0000-01-01T00:00:00.000Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const entries: fc.Arbitrary<Entry> = fc.record({
  v: fc.constant(1 as const),
  origin: fc.oneof(
    fc.constant('ledger.example/logs/default'),
    fc.string({ unit: 'binary', minLength: 1 }).filter(isKeyName),
    fc.string({ unit: fc.constantFrom('"', '\\', 'a', 'é', '😀', '/', '\u007f'), minLength: 1 }),
  ),
  index: fc.oneof(fc.nat(), fc.maxSafeNat()),
  time,
  type: fc.stringMatching(/^[a-z][a-z0-9-]{0,63}$/),
  commitment: hash,
  policy: hash,
  prev: fc.oneof(hash, fc.constant(ZERO_HASH_HEX)),
});

describe('encodeEntry', () => {
  test('writes the canonical JSON of the entry, which parseEntry reads', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const bytes = encodeEntry(entry);
        expect(fromUtf8(bytes)).toBe(canonicalize({ ...entry }));
        expect(parseEntry(bytes)).toEqual(entry);
      }),
      { numRuns: 1000 },
    );
  });

  test('drops what is not of an entry', () => {
    const row = { ...entryWith(), extra: 1 };
    expect(fromUtf8(encodeEntry(row))).toBe(text);
  });

  test.each<[string, Partial<Record<keyof Entry, unknown>>]>([
    ['/v', { v: 2 }],
    ['/v', { v: '1' }],
    ['/origin', { origin: '' }],
    ['/origin', { origin: 'a b' }],
    ['/origin', { origin: 'a+b' }],
    ['/origin', { origin: 'a\u0085b' }],
    ['/origin', { origin: 'a\u2003b' }],
    ['/origin', { origin: 'a\nb' }],
    ['/origin', { origin: 'a\u0000' }],
    ['/origin', { origin: 'a\ud800' }],
    ['/origin', { origin: 7 }],
    ['/index', { index: -1 }],
    ['/index', { index: 1.5 }],
    ['/index', { index: 2 ** 53 }],
    ['/index', { index: NaN }],
    ['/index', { index: '7' }],
    ['/time', { time: '2026-11-22T09:00:00Z' }],
    ['/time', { time: '2026-11-22T09:00:00.000+00:00' }],
    ['/time', { time: '2026-02-29T09:00:00.000Z' }],
    ['/time', { time: 0 }],
    ['/type', { type: '' }],
    ['/type', { type: 'Prediction' }],
    ['/type', { type: '1st' }],
    ['/type', { type: 'a_b' }],
    ['/type', { type: 'a\n' }],
    ['/type', { type: 'a'.repeat(65) }],
    ['/commitment', { commitment: 'AB'.repeat(32) }],
    ['/commitment', { commitment: `${'ab'.repeat(32)}\n` }],
    ['/policy', { policy: 'ab'.repeat(31) }],
    ['/policy', { policy: null }],
    ['/prev', { prev: 'xy'.repeat(32) }],
    ['/prev', { prev: 'ab'.repeat(33) }],
  ])('refuses a wrong %s: %j', (at, change) => {
    const wrong = entryWith(change as Partial<Entry>);
    expect(() => encodeEntry(wrong)).toThrowWithCode('entry-malformed', { at });
    if (at !== '/index' || typeof wrong.index === 'string') {
      const json = utf8(JSON.stringify(wrong, Object.keys(wrong).sort()));
      const code = change.origin === 'a\ud800' ? 'json-lone-surrogate' : 'entry-malformed';
      expect(() => parseEntry(json)).toThrowWithCode(code);
    }
  });

  test('refuses an entry that no bundle could carry', () => {
    const fits = MAX_ENTRY_BYTES - encodeEntry(entryWith({ origin: 'a' })).length + 1;
    const largest = encodeEntry(entryWith({ origin: 'a'.repeat(fits) }));
    expect(largest).toHaveLength(MAX_ENTRY_BYTES);
    expect(parseEntry(largest).origin).toHaveLength(fits);
    expect(() => encodeEntry(entryWith({ origin: 'a'.repeat(fits + 1) }))).toThrowWithCode('entry-too-large');
    expect(() => encodeEntry(entryWith({ origin: '€'.repeat(30_000) }))).toThrowWithCode('entry-too-large');
    expect(() => parseEntry(new Uint8Array(MAX_ENTRY_BYTES + 1).fill(0x20))).toThrowWithCode('entry-too-large');
  });
});

describe('parseEntry', () => {
  test.each<[CoreErrorCode, string, string]>([
    ['entry-not-canonical', '{"commitment"', '{ "commitment"'],
    ['entry-not-canonical', '"v":1}', '"v":1}\n'],
    ['entry-not-canonical', '"v":1}', '"v":1.0}'],
    ['entry-not-canonical', '"index":7', '"index":7e0'],
    ['entry-not-canonical', 'ledger.example', '\\u006cedger.example'],
    ['entry-not-canonical', 'ledger.example/', 'ledger.example\\/'],
    ['entry-malformed', '"index":7,', ''],
    ['entry-malformed', '"v":1}', '"v":1,"w":1}'],
    ['entry-malformed', '"type"', '"kind"'],
    ['entry-malformed', '"index":7', '"index":-0.5'],
    ['entry-malformed', '"index":7', '"index":9007199254740992'],
    ['entry-malformed', '"index":7', '"index":"7"'],
    ['entry-malformed', '"index":7', '"index":[7]'],
    ['entry-malformed', '11-22T', '13-22T'],
    ['entry-malformed', '0123', 'G123'],
    ['json-unsafe-integer', '"index":7', '"index":9007199254740993'],
    ['json-duplicate-key', '"v":1}', '"v":1,"v":1}'],
    ['json-syntax', '"index":7', '"index":07'],
    ['json-syntax', '"v":1}', '"v":1}}'],
    ['json-syntax', '{"commitment"', '\ufeff{"commitment"'],
    ['json-prototype-key', '"v":1}', '"v":1,"__proto__":1}'],
  ])('refuses with %s: %s become %s', (code, piece, other) => {
    expect(() => parseEntry(textWith(piece, other))).toThrowWithCode(code);
  });

  test('refuses keys out of order', () => {
    const { v, ...rest } = entryWith();
    expect(() => parseEntry(utf8(JSON.stringify({ v, ...rest })))).toThrowWithCode('entry-not-canonical');
  });

  test.each(['null', '[]', '"x"', '7', '{}', `[${text}]`])('refuses %s', (json) => {
    expect(() => parseEntry(utf8(json))).toThrowWithCode('entry-malformed');
  });

  test('refuses bytes that are not UTF-8', () => {
    const bytes = utf8(text);
    bytes[text.indexOf('ledger')] = 0xff;
    expect(() => parseEntry(bytes)).toThrowWithCode('encoding-utf8');
    expect(() => parseEntry(new Uint8Array())).toThrowWithCode('json-syntax');
  });

  test('takes no single byte changed in what it takes, unless the entry changes with it', () => {
    const bytes = utf8(text);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, mask) => {
        const changed = bytes.slice();
        changed[place] = (changed[place] as number) ^ mask;
        let entry: Entry;
        try {
          entry = parseEntry(changed);
        } catch {
          return;
        }
        expect(entry).not.toEqual(entryWith());
        expect(encodeEntry(entry)).toEqual(changed);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('isTimestamp', () => {
  test('agrees with Date on every text of its form', () => {
    const two = (max: number): fc.Arbitrary<string> => fc.nat(max).map((n) => String(n).padStart(2, '0'));
    const year = fc.oneof(fc.nat(9999), fc.constantFrom(0, 4, 100, 400, 1900, 2000, 2023, 2024, 2100));
    const day = fc.oneof(two(32), fc.constantFrom('28', '29', '30', '31'));
    const form = fc
      .tuple(year, two(13), day, two(25), two(61), two(61), fc.nat(999))
      .map(([y, mo, d, h, mi, s, ms]) => {
        return `${String(y).padStart(4, '0')}-${mo}-${d}T${h}:${mi}:${s}.${String(ms).padStart(3, '0')}Z`;
      });
    fc.assert(
      fc.property(form, (candidate) => {
        const parsed = new Date(candidate);
        const real = !Number.isNaN(parsed.getTime()) && parsed.toISOString() === candidate;
        expect(isTimestamp(candidate)).toBe(real);
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    '',
    '2026-11-22',
    '2026-11-22t09:00:00.000Z',
    '2026-11-22T09:00:00.000z',
    '2026-11-22 09:00:00.000Z',
    '2026-11-22T09:00:00.00Z',
    '2026-11-22T09:00:00.0000Z',
    '2026-11-22T09:00:60.000Z',
    '2026-11-22T24:00:00.000Z',
    '+002026-11-22T09:00:00.000Z',
    '2026-11-22T09:00:00.000Z\n',
    '２026-11-22T09:00:00.000Z',
    '2026-00-22T09:00:00.000Z',
    '2026-11-00T09:00:00.000Z',
    '2026-11-31T09:00:00.000Z',
    '1900-02-29T09:00:00.000Z',
  ])('refuses %j', (candidate) => {
    expect(isTimestamp(candidate)).toBe(false);
  });
});
