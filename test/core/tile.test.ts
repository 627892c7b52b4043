import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { entriesPath, parseTilePath, tilePath, tileWidth } from '../../src/core/tile.ts';
import './to-throw-with-code.ts';

describe('tile paths', () => {
  test.each([
    ['tile/0/000', { level: 0, index: 0, width: 256 }],
    ['tile/0/x001/067', { level: 0, index: 1067, width: 256 }],
    ['tile/0/x001/067.p/12', { level: 0, index: 1067, width: 12 }],
    ['tile/4/x001/x234/067', { level: 4, index: 1_234_067, width: 256 }],
    ['tile/63/999.p/255', { level: 63, index: 999, width: 255 }],
    ['tile/1/x009/x007/x199/x254/x740/991', { level: 1, index: 2 ** 53 - 1, width: 256 }],
  ])('%s', (path, tile) => {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual({ kind: 'hashes', tile });
  });

  test('of entry bundles', () => {
    expect(entriesPath({ index: 1_234_067, width: 1 })).toBe('tile/entries/x001/x234/067.p/1');
    expect(parseTilePath('tile/entries/x001/x234/067.p/1')).toEqual({ kind: 'entries', index: 1_234_067, width: 1 });
  });

  test('are read back as they were written', () => {
    const index = fc.oneof(fc.nat(), fc.maxSafeNat());
    fc.assert(
      fc.property(fc.nat(63), index, fc.integer({ min: 1, max: 256 }), (level, index, width) => {
        const tile = { level, index, width };
        expect(parseTilePath(tilePath(tile))).toEqual({ kind: 'hashes', tile });
        expect(parseTilePath(entriesPath({ index, width }))).toEqual({ kind: 'entries', index, width });
      }),
    );
  });

  test('that are read are written the same', () => {
    const near = fc.stringMatching(/^tile\/(0|00|7|63|64|entries)\/(x[0-9]{3}\/){0,3}[0-9]{2,4}(\.p\/[0-9]{0,3})?$/);
    fc.assert(
      fc.property(near, (path) => {
        let parsed;
        try {
          parsed = parseTilePath(path);
        } catch {
          return;
        }
        expect(parsed.kind === 'hashes' ? tilePath(parsed.tile) : entriesPath(parsed)).toBe(path);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    '', 'tile', 'tile/', 'tile/0', 'tile/0/', '/tile/0/000', 'tile/0/000/', 'tile/0/0', 'tile/0/00', 'tile/0/0000',
    'tile/00/000', 'tile/01/000', 'tile/64/000', 'tile/-1/000', 'tile/+1/000', 'tile/0x1/000', 'tile/a/000',
    'tile/Entries/000', 'tile/0/x000/000', 'tile/0/x000/067', 'tile/0/001/067', 'tile/0/x001/x067', 'tile/0/x01/067',
    'tile/0/X001/067', 'tile/0/x001//067', 'tile/0/000.p', 'tile/0/000.p/', 'tile/0/000.p/0', 'tile/0/000.p/01',
    'tile/0/000.p/256', 'tile/0/000.p/999', 'tile/0/000.p/1000', 'tile/0/000.p/-1', 'tile/0/000.p/1/', 'tile/0/000.P/1',
    'tile/0/000/p/1', 'tile/0/000.p/1\n', 'tile/0/000\n', ' tile/0/000', 'tile/0/٠٠٠', 'tile/0/../000', 'tile//000',
    'tile/0/x009/x007/x199/x254/x740/992', 'tile/0/x999/x999/x999/x999/x999/x999/999',
    `tile/0/${'x001/'.repeat(400)}000`,
  ])('refuse %j', (path) => {
    expect(() => parseTilePath(path)).toThrowWithCode('tile-path-malformed');
  });

  test.each([
    { level: -1, index: 0, width: 1 },
    { level: 64, index: 0, width: 1 },
    { level: 0.5, index: 0, width: 1 },
    { level: 0, index: -1, width: 1 },
    { level: 0, index: 2 ** 53, width: 1 },
    { level: 0, index: 0, width: 0 },
    { level: 0, index: 0, width: 257 },
    { level: 0, index: 0, width: 1.5 },
  ])('are not written for %j', (tile) => {
    expect(() => tilePath(tile)).toThrowWithCode('tile-path-malformed');
  });
});

describe('the tiles of a tree', () => {
  // The two examples of c2sp.org/tlog-tiles, "Partial Tiles".
  test('of 70,000 leaves', () => {
    const widths = Array.from({ length: 275 }, (_, index) => tileWidth(0, index, 70_000));
    expect(widths).toEqual([...Array.from({ length: 273 }, () => 256), 112, 0]);
    expect([0, 1, 2].map((index) => tileWidth(1, index, 70_000))).toEqual([256, 17, 0]);
    expect([0, 1].map((index) => tileWidth(2, index, 70_000))).toEqual([1, 0]);
    expect(tileWidth(3, 0, 70_000)).toBe(0);
  });

  test('of 256 leaves', () => {
    expect([0, 1].map((index) => tileWidth(0, index, 256))).toEqual([256, 0]);
    expect([1, 2].map((level) => tileWidth(level, 0, 256))).toEqual([1, 0]);
  });

  test('of none', () => {
    expect(tileWidth(0, 0, 0)).toBe(0);
  });
});
