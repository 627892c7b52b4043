import { concat, equalBytes, fromHex, toHex } from './bytes.ts';
import { CoreError } from './core-error.ts';
import { sha256 } from './sha256.ts';

// RFC 8410, section 4: SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING } up to the key's 32 bytes.
const ED25519_PREFIX = fromHex('302a300506032b6570032100');

/** SubjectPublicKeyInfo (DER, RFC 8410) of an Ed25519 key of 32 bytes: what PEM files of public keys hold. */
export function ed25519Spki(publicKey: Uint8Array): Uint8Array {
  return concat(ED25519_PREFIX, publicKey);
}

/** The 32 bytes of the Ed25519 key in a SubjectPublicKeyInfo. @throws CoreError `evidence-key-unproven` for anything else */
export function parseEd25519Spki(der: Uint8Array): Uint8Array {
  const { length } = ED25519_PREFIX;
  if (der.length !== length + 32 || !equalBytes(der.subarray(0, length), ED25519_PREFIX)) {
    throw new CoreError('evidence-key-unproven', 'the key is not an Ed25519 key in DER (RFC 8410)');
  }
  return der.slice(length);
}

/** By what a key is named beside a signature: hex SHA-256 of its SubjectPublicKeyInfo. */
export function spkiKeyId(der: Uint8Array): string {
  return toHex(sha256(der));
}
