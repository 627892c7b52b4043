import { expect, test } from '@jest/globals';
import { randomBytes } from '../../src/vault/random-bytes.ts';

test('gives fresh bytes of the length asked for, across refills of the pool', () => {
  const drawn = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    const bytes = randomBytes(12);
    expect(bytes).toHaveLength(12);
    drawn.add(bytes.toString('hex'));
  }
  // 96 random bits collide in 20,000 draws with a chance of 2^-68; a pool that is handed out twice collides surely.
  expect(drawn.size).toBe(20_000);
});

test('what was given is the caller’s own: changing it changes nothing that comes later', () => {
  const first = randomBytes(32);
  const copy = Buffer.from(first);
  const second = randomBytes(32);
  first.fill(0);
  expect(second.equals(copy)).toBe(false);
  expect(second.some((byte) => byte !== 0)).toBe(true);
});

test('gives up to 8192 bytes at once', () => {
  randomBytes(8000);
  const whole = randomBytes(8192);
  expect(whole).toHaveLength(8192);
  // 8192 zero bytes in the place of random ones would be the wiped pool.
  expect(whole.filter((byte) => byte === 0).length).toBeLessThan(200);
});
