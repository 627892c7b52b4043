import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHex } from '../../src/core/bytes.ts';
import { hmacSha256 } from '../../src/core/hmac.ts';
import { BLOCK_BYTES, hmacHex, hmacInPlace } from '../../src/vault/native-hmac.ts';

test('is the HMAC of core, for lengths around every boundary', () => {
  const lengths = [0, 1, 31, 32, 55, 56, 63, 64, 65, 119, 128, 16_319, 16_320, 16_321, 40_000, 1, 262_144, 262_145, 0];
  for (const length of lengths) {
    const [salt, message] = [randomBytes(32), randomBytes(length)];
    expect(hmacHex(salt, message)).toBe(toHex(hmacSha256(salt, message)));
  }
});

test('in place takes the message behind its block, leaves it as it is, and leaves no key behind', () => {
  for (const length of [0, 1, 55, 56, 64, 5000]) {
    const [salt, message] = [randomBytes(32), randomBytes(length)];
    const buffer = Buffer.concat([randomBytes(BLOCK_BYTES), message, randomBytes(100)]);
    expect(hmacInPlace(salt, buffer, BLOCK_BYTES + length)).toBe(toHex(hmacSha256(salt, message)));
    expect(buffer.subarray(BLOCK_BYTES, BLOCK_BYTES + length)).toEqual(message);
    expect(buffer.includes(salt)).toBe(false);
  }
});

test('is the HMAC of core, for any salt and message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ maxLength: 700 }), (salt, message) => {
      expect(hmacHex(salt, message)).toBe(toHex(hmacSha256(salt, message)));
    }),
    { numRuns: 400 },
  );
});

test('nothing of the message before it leaks into the next', () => {
  const salt = randomBytes(32);
  const short = hmacHex(salt, Buffer.from('short'));
  hmacHex(randomBytes(32), randomBytes(5000));
  expect(hmacHex(salt, Buffer.from('short'))).toBe(short);
});
