import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromHex, toHex } from '../../src/core/bytes.ts';
import { decodeEntryBundle, encodeEntryBundle } from '../../src/core/entry-bundle.ts';
import './to-throw-with-code.ts';

describe('entry bundles', () => {
  test('put a big-endian uint16 length before each entry', () => {
    const bundle = encodeEntryBundle([fromHex('aabb'), fromHex(''), new Uint8Array(258).fill(1)]);
    expect(toHex(bundle)).toBe(`0002aabb00000102${'01'.repeat(258)}`);
  });

  test('are read back as they were written', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 256 });
    fc.assert(
      fc.property(entries, (list) => {
        expect(decodeEntryBundle(encodeEntryBundle(list)).map(toHex)).toEqual(list.map(toHex));
      }),
    );
  });

  test('hold entries of up to 65,535 bytes', () => {
    const largest = new Uint8Array(65_535).fill(7);
    expect(decodeEntryBundle(encodeEntryBundle([largest, largest]))).toHaveLength(2);
    expect(() => encodeEntryBundle([largest, new Uint8Array(65_536)])).toThrowWithCode('entry-too-large', { at: '1' });
  });

  test.each([
    ['', undefined],
    ['00', '0'],
    ['0001', '0'],
    ['0002aa', '0'],
    ['0001aa00', '3'],
    ['0001aa0001', '3'],
    ['0001aaffff00', '3'],
  ])('are refused when they end within an entry: %s', (bytes, at) => {
    expect(() => decodeEntryBundle(fromHex(bytes))).toThrowWithCode('bundle-malformed', at === undefined ? {} : { at });
  });

  test('hold 1 to 256 entries', () => {
    const empty = new Uint8Array(0);
    expect(decodeEntryBundle(encodeEntryBundle(Array(256).fill(empty)))).toHaveLength(256);
    expect(() => encodeEntryBundle([])).toThrowWithCode('bundle-malformed');
    expect(() => encodeEntryBundle(Array(257).fill(empty))).toThrowWithCode('bundle-malformed');
    expect(() => decodeEntryBundle(new Uint8Array(2 * 257))).toThrowWithCode('bundle-malformed');
  });
});
