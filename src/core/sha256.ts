import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { fromHex, equalBytes, utf8 } from './bytes.ts';
import { CoreError } from './core-error.ts';

/** SHA-256 (FIPS 180-4): any bytes in, 32 bytes out. */
export type Sha256 = (data: Uint8Array) => Uint8Array;

let implementation: Sha256 = nobleSha256;

/** SHA-256 of `data`: 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return implementation(data);
}

// FIPS 180-4 examples: one block, two blocks, and the empty message.
const KNOWN_ANSWERS: readonly (readonly [string, string])[] = [
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
];

/**
 * Lets a server put a native SHA-256 behind `sha256`. A wrong implementation would make every proof wrong, so one
 * that fails the known answers is refused and the present one stays.
 *
 * @throws CoreError `hash-implementation-wrong`
 */
export function installSha256(candidate: Sha256): void {
  for (const [message, digest] of KNOWN_ANSWERS) {
    if (!equalBytes(candidate(utf8(message)), fromHex(digest))) {
      throw new CoreError('hash-implementation-wrong', `SHA-256 of ${JSON.stringify(message)} is wrong`);
    }
  }
  implementation = candidate;
}
