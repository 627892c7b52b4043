import { hmacSha256 } from './hmac.ts';

/** Bytes in a commitment's salt. */
export const SALT_BYTES = 32;

/**
 * What an entry says of its payload: HMAC-SHA-256 under a salt of 32 random bytes. It binds (nobody finds another
 * payload for it) and hides (without the salt no guess at the payload can be tested), so erasing salt and payload
 * leaves nothing of them in the log.
 */
export function commitment(salt: Uint8Array, payload: Uint8Array): Uint8Array {
  if (salt.length !== SALT_BYTES) throw new TypeError(`a salt is ${SALT_BYTES} bytes, not ${salt.length}`);
  return hmacSha256(salt, payload);
}
