import { ed25519 } from '@noble/curves/ed25519.js';
import { utf8 } from '../../src/core/bytes.ts';
import { sha256 } from '../../src/core/sha256.ts';
import type { NoteSigner } from '../../src/core/signed-note.ts';
import { ED25519, formatVkey, keyId, parseVkey, type VerifierKey } from '../../src/core/vkey.ts';

/** An Ed25519 signer whose seed is SHA-256 of a word: the same key at every run, and no secret. */
export function testSigner(name: string, word = name): NoteSigner & { vkey: string; key: VerifierKey } {
  const seed = sha256(utf8(word));
  const publicKey = ed25519.getPublicKey(seed);
  const vkey = formatVkey(name, ED25519, publicKey);
  return {
    name,
    keyId: keyId(name, ED25519, publicKey),
    sign: (message) => ed25519.sign(message, seed),
    vkey,
    key: parseVkey(vkey),
  };
}
