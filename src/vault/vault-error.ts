export type VaultErrorCode =
  /** The key provider does not have a key that is needed. */
  | 'kek-missing'
  | 'kek-malformed'
  | 'unwrap-failed'
  /** The key provider does not answer; the same call may succeed later. */
  | 'provider-unavailable'
  | 'provider-refused'
  /** A payload does not open under its key. */
  | 'payload-unreadable'
  /** The data key was erased. */
  | 'key-erased'
  | 'key-spent'
  /** The database gave no ids for new keys in time. */
  | 'keys-unavailable';

/** Keys, or what is sealed under them, are not as they must be. Messages name keys, never what they are. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
  readonly code: VaultErrorCode;

  constructor(code: VaultErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
