import { base64 } from '@scure/base';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { CoreError } from './core-error.ts';

// `core` compiles without DOM and Node types; both platforms have these classes.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();

/** UTF-8 bytes of a string without lone surrogates. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The arrays one after another. */
export const concat: (...parts: Uint8Array[]) => Uint8Array = concatBytes;

/** Lower-case hexadecimal. */
export const toHex: (bytes: Uint8Array) => string = bytesToHex;

/**
 * Bytes of lower-case hexadecimal; anything else is refused, so that one value has one spelling.
 *
 * @param length the expected number of bytes, when it is known
 * @throws CoreError `encoding-hex`
 */
export function fromHex(text: string, length?: number): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(text) || (length !== undefined && text.length !== length * 2)) {
    throw new CoreError('encoding-hex', `expected ${length ?? 'whole'} bytes in lower-case hexadecimal`);
  }
  return hexToBytes(text);
}

/** RFC 4648 base64 with padding. */
export const toBase64: (bytes: Uint8Array) => string = (bytes) => base64.encode(bytes);

/**
 * Bytes of canonical RFC 4648 base64: padded, no white space, no stray trailing bits.
 *
 * @throws CoreError `encoding-base64`
 */
export function fromBase64(text: string): Uint8Array {
  try {
    return base64.decode(text);
  } catch {
    throw new CoreError('encoding-base64', 'expected padded base64');
  }
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Text of valid UTF-8; a byte order mark is kept as the character it is.
 *
 * @throws CoreError `encoding-utf8`
 */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    throw new CoreError('encoding-utf8', 'expected valid UTF-8');
  }
}

/** Whether two arrays hold the same bytes. Not constant-time: only for public values. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
