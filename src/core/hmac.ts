import { sha256 } from './sha256.ts';

// FIPS 180-4: SHA-256 works on blocks of 64 bytes.
const BLOCK_BYTES = 64;

/** HMAC-SHA-256 (RFC 2104) over whatever implementation stands behind `sha256`: any key, any message, 32 bytes. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const short = key.length > BLOCK_BYTES ? sha256(key) : key;
  const inner = sha256(padded(short, 0x36, message));
  return sha256(padded(short, 0x5c, inner));
}

/** The key, filled up with zeros to a block, XORed with the pad, and the message behind it. */
function padded(key: Uint8Array, pad: number, message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(BLOCK_BYTES + message.length);
  bytes.fill(pad, 0, BLOCK_BYTES);
  for (let i = 0; i < key.length; i++) bytes[i] = (key[i] as number) ^ pad;
  bytes.set(message, BLOCK_BYTES);
  return bytes;
}
