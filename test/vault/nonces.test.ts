import { spawnSync } from 'node:child_process';
import { createSecretKey } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { seal } from '../../src/vault/aes-gcm.ts';
import { randomBytes } from '../../src/vault/random-bytes.ts';

const NONCE_BYTES = 12;
const key = createSecretKey(randomBytes(32));

const nonceOf = (sealed: Uint8Array): string => Buffer.from(sealed.subarray(0, NONCE_BYTES)).toString('hex');

describe('nonces never repeat under a key', () => {
  test('whatever is sealed, and whatever else draws from the generator in between', () => {
    const nonces = new Set<string>();
    let seals = 0;
    // A seal of some bytes under some associated data, or a draw of salts, keys and ids of any length, in any order.
    const step = fc.oneof(
      fc.record({ associated: fc.uint8Array({ maxLength: 40 }), plaintext: fc.uint8Array({ maxLength: 40 }) }),
      fc.record({ draw: fc.oneof(fc.constantFrom(1, 16, 32, 8179, 8180, 8181, 8191, 8192), fc.nat(8192)) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        for (const each of steps) {
          if ('draw' in each) randomBytes(each.draw);
          else {
            seals += 1;
            nonces.add(nonceOf(seal(key, each.associated, each.plaintext)));
          }
        }
        expect(nonces.size).toBe(seals);
      }),
      { numRuns: 400 },
    );
    expect(seals).toBeGreaterThan(5000);
  });

  test('the same bytes under the same associated data, sealed again and again, differ in nonce, ciphertext and tag', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 100 }), (plaintext) => {
        const sealed = Array.from({ length: 40 }, () => seal(key, plaintext, plaintext));
        for (const [from, to] of [[0, NONCE_BYTES], [NONCE_BYTES, -16], [-16, undefined]]) {
          expect(new Set(sealed.map((each) => each.subarray(from, to).toString('hex'))).size).toBe(sealed.length);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('a nonce is no counter: its bits are spread, and what was drawn before does not tell the next', () => {
    const ones = Array.from({ length: 96 }, () => 0);
    const differing = Array.from({ length: 96 }, () => 0);
    const draws = 20_000;
    let previous = seal(key, new Uint8Array(), new Uint8Array());
    for (let i = 0; i < draws; i++) {
      const sealed = seal(key, new Uint8Array(), new Uint8Array());
      for (let bit = 0; bit < 96; bit++) {
        const [now, before] = [sealed, previous].map((each) => ((each[bit >> 3] as number) >> (bit & 7)) & 1) as [number, number];
        ones[bit] = (ones[bit] as number) + now;
        differing[bit] = (differing[bit] as number) + (now ^ before);
      }
      previous = sealed;
    }
    // Seven standard deviations of a fair coin: missed by chance once in 10^9 runs of this test.
    const bound = 7 * Math.sqrt(draws / 4);
    for (const count of [...ones, ...differing]) expect(Math.abs(count - draws / 2)).toBeLessThan(bound);
  });

  test('processes that begin alike draw apart', () => {
    const script = `import { randomBytes } from ${JSON.stringify(join(import.meta.dirname, '../../src/vault/random-bytes.ts'))};
      for (let i = 0; i < 1000; i++) console.log(randomBytes(${NONCE_BYTES}).toString('hex'));`;
    const drawn = Array.from({ length: 3 }, () =>
      spawnSync(process.execPath, ['--import', join(import.meta.dirname, '../typescript.mjs'), '--input-type=module', '--eval', script], { encoding: 'utf8' }).stdout.trim().split('\n'),
    );
    for (const each of drawn) expect(each).toHaveLength(1000);
    expect(new Set(drawn.flat()).size).toBe(3000);
  });
});
