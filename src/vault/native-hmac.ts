import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;

// FIPS 198-1: H(key ^ opad || H(key ^ ipad || message)). Two one-shot hashes over a scratch buffer take half the time
// of createHmac, whose objects are the cost. Synchronous, so one scratch serves all.
let inner = Buffer.alloc(16 * 1024);
const outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES);

/**
 * HMAC-SHA-256 in hexadecimal; the same function as `core/hmac.ts`, for the append path.
 * Precondition: `key` has 32 bytes, as salts do.
 */
export function hmacHex(key: Uint8Array, message: Uint8Array): string {
  if (inner.length < BLOCK_BYTES + message.length) inner = Buffer.alloc((BLOCK_BYTES + message.length) * 2);
  inner.fill(0x36, 0, BLOCK_BYTES);
  outer.fill(0x5c, 0, BLOCK_BYTES);
  for (let i = 0; i < key.length; i++) {
    const byte = key[i] as number; // i < length
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  inner.set(message, BLOCK_BYTES);
  const end = BLOCK_BYTES + message.length;
  outer.write(hash('sha256', inner.subarray(0, end), 'hex'), BLOCK_BYTES, 'hex');
  const mac = hash('sha256', outer, 'hex');
  // The scratch would otherwise hold the last salt and payload for as long as the process is idle.
  inner.fill(0, 0, end);
  outer.fill(0);
  return mac;
}
