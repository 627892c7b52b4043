import { hash } from 'node:crypto';

/** SHA-256's block: the room that `hmacInPlace` needs before a message. */
export const BLOCK_BYTES = 64;
const HASH_BYTES = 32;

// FIPS 198-1: H(key ^ opad || H(key ^ ipad || message)). Two one-shot hashes take half the time of createHmac, whose
// objects are the cost. Synchronous, so one scratch serves all.
const outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES);

/**
 * HMAC-SHA-256 in hexadecimal of a message that stands in `buffer` from byte 64 up to `end`: no copy is made. The 64
 * bytes before it are overwritten with what must not stay there; the caller puts something else in their place.
 * Precondition: `key` has 32 bytes, as salts do.
 */
export function hmacInPlace(key: Uint8Array, buffer: Buffer, end: number): string {
  for (let i = 0; i < HASH_BYTES; i++) {
    const byte = key[i] as number; // a key has 32 bytes
    buffer[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  buffer.fill(0x36, HASH_BYTES, BLOCK_BYTES);
  outer.fill(0x5c, HASH_BYTES, BLOCK_BYTES);
  outer.write(hash('sha256', buffer.subarray(0, end), 'hex'), BLOCK_BYTES, 'hex');
  const mac = hash('sha256', outer, 'hex');
  outer.fill(0, 0, HASH_BYTES);
  return mac;
}

/** HMAC-SHA-256 in hexadecimal; the same function as `core/hmac.ts`. Precondition: `key` has 32 bytes. */
export function hmacHex(key: Uint8Array, message: Uint8Array): string {
  const buffer = Buffer.alloc(BLOCK_BYTES + message.length);
  buffer.set(message, BLOCK_BYTES);
  const mac = hmacInPlace(key, buffer, buffer.length);
  buffer.fill(0);
  return mac;
}
