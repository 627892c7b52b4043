import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromHex, toHex, utf8 } from '../../src/core/bytes.ts';
import { commitment } from '../../src/core/commitment.ts';
import { hmacSha256 } from '../../src/core/hmac.ts';
import { vectors } from './vectors.ts';

interface HmacCase {
  key: string;
  data: string;
  mac: string;
}

describe('hmacSha256', () => {
  test.each(vectors<{ cases: HmacCase[] }>('hmac-sha256.json').cases)('RFC 4231: $mac', ({ key, data, mac }) => {
    const whole = toHex(hmacSha256(fromHex(key), fromHex(data)));
    expect(whole).toHaveLength(64);
    expect(whole.slice(0, mac.length)).toBe(mac);
  });

  test('agrees with node:crypto for keys around the block size and any message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 130 }), fc.uint8Array({ maxLength: 300 }), (key, message) => {
        expect(toHex(hmacSha256(key, message))).toBe(createHmac('sha256', key).update(message).digest('hex'));
      }),
      { numRuns: 500 },
    );
    for (const length of [0, 1, 63, 64, 65, 128]) {
      const key = randomBytes(length);
      expect(toHex(hmacSha256(key, key))).toBe(createHmac('sha256', key).update(key).digest('hex'));
    }
  });
});

describe('commitment', () => {
  const payload = utf8('{"a":1}');

  test('is HMAC-SHA-256 with the salt as key', () => {
    const salt = randomBytes(32);
    expect(toHex(commitment(salt, payload))).toBe(createHmac('sha256', salt).update(payload).digest('hex'));
  });

  test.each([0, 16, 31, 33, 64])('takes no salt of %d bytes', (length) => {
    expect(() => commitment(new Uint8Array(length), payload)).toThrow(TypeError);
  });
});
