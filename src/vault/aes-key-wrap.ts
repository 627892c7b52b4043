import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

const ALGORITHM = 'id-aes256-wrap';
/** RFC 3394, section 2.2.3.1. */
const INITIAL_VALUE = Buffer.alloc(8, 0xa6);
/** What wrapping adds to the length of a key. */
const OVERHEAD_BYTES = 8;

/**
 * AES-256 key wrap (RFC 3394) of a key of 16 bytes or more, in steps of 8. It needs no nonce, so a key-encryption key
 * wraps any number of keys.
 */
export function wrapKey(kek: KeyObject, key: Uint8Array): Buffer {
  const cipher = createCipheriv(ALGORITHM, kek, INITIAL_VALUE);
  return Buffer.concat([cipher.update(key), cipher.final()]);
}

/** The key, or undefined when it was not wrapped by that key-encryption key. */
export function unwrapKey(kek: KeyObject, wrapped: Uint8Array): Buffer | undefined {
  if (wrapped.length < 16 + OVERHEAD_BYTES) return undefined;
  try {
    const decipher = createDecipheriv(ALGORITHM, kek, INITIAL_VALUE);
    return Buffer.concat([decipher.update(wrapped), decipher.final()]);
  } catch {
    return undefined;
  }
}
