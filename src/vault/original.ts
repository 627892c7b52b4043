import { canonicalize, writeString } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { randomBytes } from './random-bytes.ts';

const TOKEN_BYTES = 16;

/** A value that a token takes the place of. */
export interface Original {
  /** Where it stands: JSON pointer (RFC 6901). */
  at: string;
  value: JsonValue;
  /** `random`: another token each time. `deterministic`: the same value has the same token. */
  mode: 'random' | 'deterministic';
  /** Of a deterministic token: within one data subject, or in the whole log, where it outlives an erasure. */
  across: 'subject' | 'log';
  /** Puts the token into the value's place. */
  put(token: string): void;
}

/** What is sealed of an original: where it stood, and for which token. */
export interface SealedOriginal {
  at: string;
  token: string;
  value: JsonValue;
}

/** `tok_` and 22 characters of base64url: 128 random bits, which say nothing of the value (45 CFR 164.514(c)). */
export function tokenText(token: Uint8Array): string {
  return `tok_${Buffer.from(token.buffer, token.byteOffset, token.byteLength).toString('base64url')}`;
}

export function randomToken(): Buffer {
  return randomBytes(TOKEN_BYTES);
}

/** The bytes that are sealed beside a payload: its originals in canonical form. */
export function encodeOriginals(originals: readonly SealedOriginal[]): Buffer {
  // The keys of an original in order; a token is plain ASCII.
  const texts = originals.map(({ at, token, value }) => `{"at":${writeString(at)},"token":"${token}","value":${canonicalize(value)}}`);
  return Buffer.from(`[${texts.join(',')}]`);
}

export function decodeOriginals(bytes: Uint8Array): SealedOriginal[] {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as SealedOriginal[];
}
