import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromUtf8, toHex, utf8 } from '../../src/core/bytes.ts';
import { CompactRange } from '../../src/core/compact-range.ts';
import { CoreError } from '../../src/core/core-error.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { LogVerifier, type LogPosition } from '../../src/core/verify-log.ts';
import { CHAIN_ORIGIN as origin, chainedEntries, type Change } from './chained-entries.ts';
import { Oracle } from './oracle.ts';
import './to-throw-with-code.ts';

const SIZE = 700;
const entries = chainedEntries(SIZE);
const oracle = new Oracle(entries);

function verified(list: readonly Uint8Array[], from?: LogPosition): LogVerifier {
  const verifier = new LogVerifier({ origin, from });
  for (const entry of list) verifier.add(entry);
  return verifier;
}

/** What becomes of `bytes` as the entry after `position`: '' when accepted, else the code. */
function outcome(verifier: LogVerifier, bytes: Uint8Array): string {
  try {
    verifier.add(bytes);
  } catch (error) {
    if (error instanceof CoreError) return `${error.code} at ${error.at}`;
    throw error;
  }
  return '';
}

describe('LogVerifier', () => {
  test('reaches the oracle\'s root and the head of the chain', () => {
    const verifier = verified(entries);
    expect(verifier.size).toBe(SIZE);
    expect(toHex(verifier.root())).toBe(toHex(oracle.mth(0, SIZE)));
    expect(toHex(verifier.prev)).toBe(toHex(leafHash(entries.at(-1) as Uint8Array)));
  });

  test('resumes from any position', () => {
    for (const size of [0, 1, 2, 9, 10, 11, 128, 255, 256, 571, 572, SIZE]) {
      const position = verified(entries.slice(0, size)).position();
      const verifier = verified(entries.slice(size), position);
      expect(toHex(verifier.root())).toBe(toHex(oracle.mth(0, SIZE)));
      expect(verifier.position()).toEqual(verified(entries).position());
    }
  });

  test('a position does not change when verification goes on', () => {
    const verifier = verified(entries.slice(0, 3));
    const position = verifier.position();
    verifier.add(entries[3] as Uint8Array);
    expect(toHex(new CompactRange(position.size, position.hashes).root())).toBe(toHex(oracle.mth(0, 3)));
  });

  test('reports leaf hashes and all complete nodes', () => {
    const seen = new Map<string, string>();
    const onNode = (level: number, index: number, hash: Uint8Array) => seen.set(`${level}/${index}`, toHex(hash));
    const verifier = new LogVerifier({ origin, onNode });
    for (const entry of entries) verifier.add(entry);
    let count = 0;
    for (let level = 0; 2 ** level <= SIZE; level++) {
      for (let index = 0; (index + 1) * 2 ** level <= SIZE; index++, count++) {
        const hash = oracle.mth(index * 2 ** level, (index + 1) * 2 ** level);
        expect(seen.get(`${level}/${index}`)).toBe(toHex(hash));
      }
    }
    expect(seen.size).toBe(count);
  });

  test('does not keep the bytes it was given', () => {
    const buffer = new Uint8Array(1000);
    const verifier = new LogVerifier({ origin });
    for (const entry of entries) {
      buffer.set(entry);
      verifier.add(buffer.subarray(0, entry.length));
      buffer.fill(0);
    }
    expect(verifier.position()).toEqual(verified(entries).position());
  });

  test('checks checkpoints', () => {
    const verifier = verified(entries.slice(0, 100));
    const good = { origin, size: 100, root: oracle.mth(0, 100), extensions: [] };
    verifier.checkCheckpoint(good);
    expect(() => verifier.checkCheckpoint({ ...good, size: 99 })).toThrowWithCode('size-mismatch');
    expect(() => verifier.checkCheckpoint({ ...good, root: oracle.mth(0, 99) })).toThrowWithCode('root-mismatch');
    expect(() => verifier.checkCheckpoint({ ...good, origin: 'other' })).toThrowWithCode('origin-mismatch');
  });
});

describe('a log is refused at the entry', () => {
  const at = 300;
  const refusals: [string, Change, string][] = [
    ['of another origin', () => ({ origin: 'ledger.example/logs/other' }), 'origin-mismatch'],
    ['with a skipped index', (entry) => ({ index: entry.index + 1 }), 'chain-broken'],
    ['with an index of another magnitude', () => ({ index: 1_000_000 }), 'chain-broken'],
    ['with the index before', (entry) => ({ index: entry.index - 1 }), 'chain-broken'],
    ['with another prev', () => ({ prev: '0'.repeat(64) }), 'chain-broken'],
    ['of the day before', () => ({ time: '2026-11-21T23:59:59.999Z' }), 'time-went-backwards'],
    ['of a millisecond before', () => ({ time: '2026-11-22T23:59:59.042Z' }), 'time-went-backwards'],
  ];

  test.each(refusals)('%s', (_what, change, code) => {
    const bad = chainedEntries(at + 1, (entry) => (entry.index === at ? change(entry) : {}));
    const verifier = verified(bad.slice(0, at));
    expect(() => verifier.add(bad[at] as Uint8Array)).toThrowWithCode(code as 'chain-broken', { at: String(at) });
    // and stands where it stood
    for (const entry of entries.slice(at)) verifier.add(entry);
    expect(toHex(verifier.root())).toBe(toHex(oracle.mth(0, SIZE)));
  });

  test('after one that was changed', () => {
    // A commitment changed without mending the chain behind it.
    const changed = [...entries];
    changed[at - 1] = utf8(fromUtf8(entries[at - 1] as Uint8Array).replace(/"commitment":"./, '"commitment":"_'));
    changed[at - 1] = utf8(fromUtf8(changed[at - 1] as Uint8Array).replace('_', '5'));
    const verifier = verified(changed.slice(0, at));
    expect(() => verifier.add(changed[at] as Uint8Array)).toThrowWithCode('chain-broken', { at: String(at) });
  });

  test('where two were swapped, one was left out, or one was doubled', () => {
    const [a, b] = [entries[at] as Uint8Array, entries[at + 1] as Uint8Array];
    for (const next of [b, entries[at - 1] as Uint8Array]) {
      expect(() => verified(entries.slice(0, at)).add(next)).toThrowWithCode('chain-broken', { at: String(at) });
    }
    expect(() => verified(entries.slice(0, at + 1)).add(a)).toThrowWithCode('chain-broken', { at: String(at + 1) });
  });

  test('that is no entry', () => {
    for (const [text, code] of [
      ['', 'json-syntax'],
      ['{}', 'entry-malformed'],
      [`${fromUtf8(entries[at] as Uint8Array)} `, 'entry-not-canonical'],
    ] as const) {
      const verifier = verified(entries.slice(0, at));
      expect(() => verifier.add(utf8(text))).toThrowWithCode(code, { at: String(at) });
    }
    expect(() => verified([]).add(new Uint8Array(65_536))).toThrowWithCode('entry-too-large', { at: '0' });
    expect(() => verified([]).add(Uint8Array.of(0xff))).toThrowWithCode('encoding-utf8', { at: '0' });
  });

  test('when the start does not fit', () => {
    const position = verified(entries.slice(0, at)).position();
    expect(() => new LogVerifier({ origin, from: { ...position, size: at + 1 } })).toThrowWithCode('size-mismatch');
    const later = { ...position, time: '2026-11-23T00:00:00.000Z' };
    expect(() => verified(entries.slice(at, at + 1), later)).toThrowWithCode('time-went-backwards', { at: String(at) });
    const other = { ...position, prev: new Uint8Array(32) };
    expect(() => verified(entries.slice(at, at + 1), other)).toThrowWithCode('chain-broken', { at: String(at) });
  });
});

describe('recognizing an entry by its bytes and parsing it agree', () => {
  // One that has seen an entry of each type recognizes; one that begins here has nothing to recognize by.
  const last = 296;
  const here = verified(entries.slice(0, last)).position();
  const before = verified(entries.slice(0, last - 4)).position();
  const good = entries[last] as Uint8Array;
  const seasoned = () => verified(entries.slice(last - 4, last), before);
  const fresh = () => new LogVerifier({ origin, from: here });

  function expectAgreement(bytes: Uint8Array): string {
    const expected = outcome(fresh(), bytes);
    const actual = outcome(seasoned(), bytes);
    if (actual !== expected) throw new Error(`${actual} instead of ${expected} for ${fromUtf8(bytes)}`);
    return expected;
  }

  test('on the entry itself', () => {
    expect(expectAgreement(good)).toBe('');
  });

  test('on every byte changed to others', () => {
    const values = utf8('\u0000"/09:Aag\u00e9');
    let refused = 0;
    for (let i = 0; i < good.length; i++) {
      for (const value of values) {
        const bytes = good.slice();
        bytes[i] = value;
        if (expectAgreement(bytes) !== '') refused++;
      }
    }
    expect(refused).toBeGreaterThan(2000);
  });

  test('on bytes removed, doubled or left off', () => {
    let refused = 0;
    for (let i = 0; i < good.length; i++) {
      const shorter = new Uint8Array([...good.slice(0, i), ...good.slice(i + 1)]);
      const longer = new Uint8Array([...good.slice(0, i), good[i] as number, ...good.slice(i)]);
      for (const bytes of [shorter, longer, good.slice(0, i)]) if (expectAgreement(bytes) !== '') refused++;
    }
    // All but those that only change the name of the type.
    expect(refused).toBe(3 * good.length - 2 * 'prediction'.length);
  });

  test('on times, indices and hashes of any kind', () => {
    const text = fromUtf8(good);
    const two = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, '0'));
    const day = fc.constantFrom('2026-11-22', '2026-11-23', '2026-11-21', '2026-02-30', '0000-00-00');
    const time = fc
      .tuple(day, fc.constantFrom('23', '00', '24', '99'), two, two, fc.integer({ min: 0, max: 999 }))
      .map(([date, h, m, s, ms]) => `${date}T${h}:${m}:${s}.${String(ms).padStart(3, '0')}Z`);
    const odd = fc.constantFrom('296', '0296', '2960', '1e2', '-96', '29.', '+96');
    const index = fc.oneof(fc.nat(1000).map(String), odd);
    const hexDigits = fc.stringMatching(/^[0-9a-fA-F]{64}$/);
    fc.assert(
      fc.property(time, index, hexDigits, fc.boolean(), (time, index, hash, keepIndex) => {
        const bytes = utf8(
          text
            .replace(/"time":"[^"]*"/, `"time":"${time}"`)
            .replace(/"index":[0-9]+/, keepIndex ? '"index":296' : `"index":${index}`)
            .replace(/"commitment":"[^"]*"/, `"commitment":"${hash}"`),
        );
        expectAgreement(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  test('after more types than are remembered, and over many days', () => {
    const many = chainedEntries(400, ({ index }) => ({
      type: `type-${'x'.repeat(index % 50)}`,
      time: new Date(Date.UTC(2027, 0, 1) + index * 3_600_000).toISOString(),
    }));
    expect(toHex(verified(many).root())).toBe(toHex(new Oracle(many).mth(0, 400)));
  });
});
