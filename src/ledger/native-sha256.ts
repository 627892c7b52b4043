import { hash } from 'node:crypto';
import { installSha256, type Sha256 } from '../core/sha256.ts';

const HASH_BYTES = 32;

/**
 * SHA-256 by OpenSSL. The digest is asked for as a Latin-1 string ("binary"), whose characters are its bytes: a Buffer would take
 * twice as long, for its memory lies outside of the JavaScript heap.
 */
const sha256: Sha256 = (data) => {
  const digest = hash('sha256', data, 'binary');
  const bytes = new Uint8Array(HASH_BYTES);
  for (let i = 0; i < HASH_BYTES; i++) bytes[i] = digest.charCodeAt(i);
  return bytes;
};

/** Puts OpenSSL's SHA-256 behind `core`: several times as fast as the JavaScript that a browser runs. */
export function installNativeSha256(): void {
  installSha256(sha256);
}
