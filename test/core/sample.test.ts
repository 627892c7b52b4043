import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHex } from '../../src/core/bytes.ts';
import { drawSample, sampleSeed } from '../../src/core/sample.ts';

const HEX = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));

/** From docs/spec/bundle.md alone, with nothing of ours. */
function drawnAgain(root: string, control: string, nonce: string, rows: number, size: number): number[] {
  const seed = createHash('sha256').update(Buffer.from(root + Buffer.from(control).toString('hex') + nonce, 'hex')).digest();
  if (size >= rows) return [...Array(rows).keys()];
  const found: number[] = [];
  for (let k = 0n; found.length < size; k++) {
    const counter = Buffer.from(k.toString(16).padStart(16, '0'), 'hex');
    const x = BigInt(`0x${createHash('sha256').update(seed).update(counter).digest('hex').slice(0, 16)}`);
    const row = Number(x % BigInt(rows));
    if (x < ((1n << 64n) / BigInt(rows)) * BigInt(rows) && !found.includes(row)) found.push(row);
  }
  return found.sort((a, b) => a - b);
}

describe('a sample', () => {
  test('is what a stranger draws from the same seed', () => {
    fc.assert(
      fc.property(HEX, fc.stringMatching(/^[ -~]{1,40}$/), HEX, fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 60 }), (root, control, nonce, rows, size) => {
        expect(drawSample(sampleSeed(root, control, nonce), rows, size)).toEqual(drawnAgain(root, control, nonce, rows, size));
      }),
    );
  });

  test('has every row alike: no row of 10 comes far more often than another', () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (let nonce = 0; nonce < 2000; nonce++) {
      const seed = sampleSeed('00'.repeat(32), 'CC8.1', nonce.toString(16).padStart(64, '0'));
      for (const row of drawSample(seed, 10, 3)) counts[row] = (counts[row] ?? 0) + 1;
    }
    // 600 each in the mean, with a deviation of about 20.
    for (const count of counts) expect(Math.abs(count - 600)).toBeLessThan(110);
  });

  test('draws from populations beyond 2^32', () => {
    const rows = drawSample(sampleSeed('11'.repeat(32), 'x', '00'.repeat(32)), 2 ** 53 - 1, 20);
    expect(new Set(rows).size).toBe(20);
    expect(Math.max(...rows)).toBeGreaterThan(2 ** 50);
  });

  test('has another seed for another control, root or nonce', () => {
    const seed = (root: string, control: string, nonce: string): string => toHex(sampleSeed(root.repeat(32), control, nonce.repeat(32)));
    expect(new Set([seed('00', 'a', '00'), seed('00', 'b', '00'), seed('01', 'a', '00'), seed('00', 'a', '01')]).size).toBe(4);
  });
});
