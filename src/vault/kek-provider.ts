/**
 * Key-encryption keys (KEKs), one for each epoch of a log, outside of the database. Names are never used twice: what was
 * destroyed stays destroyed.
 *
 * Durability: `create` and `destroy` resolve only after the change is on stable storage.
 *
 * @throws VaultError `provider-unavailable` (the same call may succeed later), `provider-refused`, `kek-malformed`, from every method
 */
export interface KekProvider {
  /** Makes the key of that name; does nothing when it is there. */
  create(name: string): Promise<void>;
  has(name: string): Promise<boolean>;
  /**
   * @param plaintext 1 to 64 bytes
   * @param context authenticated: what was wrapped for one log does not open for another
   * @returns opaque ciphertext of at most 256 bytes
   * @throws VaultError `kek-missing`
   */
  wrap(name: string, plaintext: Uint8Array, context: string): Promise<Buffer>;
  /** @throws VaultError `kek-missing`, `unwrap-failed` */
  unwrap(name: string, wrapped: Uint8Array, context: string): Promise<Buffer>;
  /** Destroys the key for good; does nothing when there is none. */
  destroy(name: string): Promise<void>;
  /** All of the service's keys, in no order. */
  names(): Promise<string[]>;
}

const MAX_PLAINTEXT_BYTES = 64;

/** @throws RangeError when a name could mean something else to a provider (Transit's `GenericNameRegex`, a path) */
export function checkKekName(name: string): void {
  if (!/^\w(?:[\w.-]{0,98}\w)?$/.test(name)) throw new RangeError('the name of a key-encryption key is 1 to 100 letters, digits and . _ -, with a letter or digit at both ends');
}

/** @throws RangeError when it is no key, or not small enough for every provider */
export function checkKekPlaintext(plaintext: Uint8Array): void {
  if (plaintext.length === 0 || plaintext.length > MAX_PLAINTEXT_BYTES) throw new RangeError(`a key-encryption key wraps 1 to ${MAX_PLAINTEXT_BYTES} bytes`);
}
