import { concat, equalBytes, fromBase64, fromHex, toBase64, toHex, utf8 } from './bytes.ts';
import { CoreError } from './core-error.ts';
import { sha256 } from './sha256.ts';

/** Signature type of plain Ed25519 note signatures (c2sp.org/signed-note). */
export const ED25519 = 0x01;
/** Signature type of timestamped Ed25519 cosignatures (c2sp.org/tlog-cosignature). */
export const ED25519_COSIGNATURE = 0x04;
/** Signature type of ML-DSA-44 cosignatures (c2sp.org/tlog-cosignature). */
export const ML_DSA_44 = 0x06;

const PUBLIC_KEY_BYTES: ReadonlyMap<number, number> = new Map([
  [ED25519, 32],
  [ED25519_COSIGNATURE, 32],
  [ML_DSA_44, 1312],
]);

/** Bytes in a key ID. */
export const KEY_ID_BYTES = 4;

/** A public key with the name under which it signs; `keyId` is 4 bytes, derived from the other three. */
export interface VerifierKey {
  name: string;
  keyId: Uint8Array;
  type: number;
  publicKey: Uint8Array;
}

/** Key ID: SHA-256(name || 0x0A || type || public key)[:4] (c2sp.org/signed-note, "Signatures"). */
export function keyId(name: string, type: number, publicKey: Uint8Array): Uint8Array {
  return sha256(concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey)).slice(0, KEY_ID_BYTES);
}

/** Whether a key may bear this name: not empty, valid Unicode without white space, control characters or '+'. */
export function isKeyName(name: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return name !== '' && !/[\p{White_Space}\p{Surrogate}\u0000-\u001f+]/u.test(name);
}

/** A vkey: `name+hex(key ID)+base64(type || public key)`. @throws CoreError `vkey-malformed` */
export function formatVkey(name: string, type: number, publicKey: Uint8Array): string {
  checkKey(name, type, publicKey);
  return `${name}+${toHex(keyId(name, type, publicKey))}+${toBase64(concat(Uint8Array.of(type), publicKey))}`;
}

/**
 * Reads a vkey. The key ID must be the one that the name, type and key give.
 *
 * @throws CoreError `vkey-malformed`, also for a type other than Ed25519, its cosignature and ML-DSA-44
 */
export function parseVkey(text: string): VerifierKey {
  const [, name, idHex, key] = /^([^+]*)\+([^+]*)\+(.*)$/su.exec(text) ?? [];
  if (name === undefined || idHex === undefined || key === undefined) {
    throw malformed('expected name+hex(key ID)+base64(type || public key)');
  }
  const [id, typed] = decode(idHex, key);
  const [type] = typed;
  if (type === undefined) throw malformed('the key is empty');
  const publicKey = typed.slice(1);
  checkKey(name, type, publicKey);
  if (!equalBytes(id, keyId(name, type, publicKey))) throw malformed('the key ID is not that of the name and key');
  return { name, keyId: id, type, publicKey };
}

function decode(idHex: string, key: string): [Uint8Array, Uint8Array] {
  try {
    return [fromHex(idHex, KEY_ID_BYTES), fromBase64(key)];
  } catch {
    throw malformed('the key ID is 8 lower-case hexadecimal digits, the key is padded base64');
  }
}

function checkKey(name: string, type: number, publicKey: Uint8Array): void {
  if (!isKeyName(name)) throw malformed('a key name is not empty and has no white space, control characters or +');
  const length = PUBLIC_KEY_BYTES.get(type);
  if (length === undefined) throw malformed(`signature type ${type} is not known here`);
  if (publicKey.length !== length) throw malformed(`a public key of type ${type} has ${length} bytes`);
}

function malformed(why: string): CoreError {
  return new CoreError('vkey-malformed', `not a vkey: ${why}`);
}
