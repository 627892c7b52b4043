import { concat } from './bytes.ts';
import { sha256 } from './sha256.ts';

// FIPS 180-4: SHA-256 works on blocks of 64 bytes.
const BLOCK_BYTES = 64;

/** HMAC-SHA-256 (RFC 2104) over whatever implementation stands behind `sha256`: any key, any message, 32 bytes. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const short = key.length > BLOCK_BYTES ? sha256(key) : key;
  const inner = new Uint8Array(BLOCK_BYTES).fill(0x36);
  const outer = new Uint8Array(BLOCK_BYTES).fill(0x5c);
  short.forEach((byte, i) => {
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  });
  return sha256(concat(outer, sha256(concat(inner, message))));
}
