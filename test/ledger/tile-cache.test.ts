import { expect, test } from '@jest/globals';
import { TileCache } from '../../src/ledger/tile-cache.ts';

const tile = (value: number) => Uint8Array.of(value);

test('gives back what it was given, and nothing else', () => {
  const cache = new TileCache();
  cache.set('1/0/0', tile(1));
  cache.set('2/0/0', tile(2));
  expect(cache.get('1/0/0')).toEqual(tile(1));
  expect(cache.get('2/0/0')).toEqual(tile(2));
  expect(cache.get('1/0/1')).toBeUndefined();
});

test('keeps a bounded number, and of those the ones used of late', () => {
  const cache = new TileCache();
  for (let i = 0; i < 4096; i++) cache.set(String(i), tile(1));
  expect(cache.get('0')).toBeDefined();
  for (let i = 0; i < 10; i++) cache.set(`new ${i}`, tile(2));
  expect(cache.get('0')).toBeDefined();
  expect(Array.from({ length: 11 }, (_, i) => cache.get(String(i + 1)) === undefined)).toEqual([...Array<boolean>(10).fill(true), false]);
});
