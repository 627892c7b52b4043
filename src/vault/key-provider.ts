/**
 * Wraps data keys under a key-encryption key (KEK) that never stands in the database.
 * `context` is authenticated: a key wrapped for one log does not open for another.
 */
export interface KeyProvider {
  /** Name of the KEK that wraps new keys. */
  readonly current: string;
  /** Whether keys wrapped by that KEK can be opened. */
  has(kek: string): boolean;
  /** @returns nonce, ciphertext and tag in one */
  wrap(dataKey: Uint8Array, context: string): Promise<Buffer>;
  /** @throws VaultError `kek-missing`, `unwrap-failed` */
  unwrap(wrapped: Uint8Array, kek: string, context: string): Promise<Buffer>;
}

export type VaultErrorCode = 'kek-missing' | 'kek-malformed' | 'unwrap-failed' | 'payload-unreadable' | 'provider-unavailable' | 'provider-refused';

export class VaultError extends Error {
  override readonly name = 'VaultError';
  readonly code: VaultErrorCode;

  constructor(code: VaultErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
