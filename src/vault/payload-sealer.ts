/** What a commitment opens to, and the digest that tells the same posted content from another. */
export interface Opening {
  /** 32 random bytes, the commitment's key. */
  salt: Uint8Array;
  /** 32 bytes: HMAC-SHA-256(salt, posted content); see `predictions/content-digest.ts`. Zeros where nothing was posted. */
  contentDigest: Uint8Array;
  /** Canonical bytes. */
  payload: Uint8Array;
}

/** Opens one log's payloads. */
export interface PayloadOpener {
  /** @throws VaultError `payload-unreadable`, `kek-missing` */
  open(key: number, sealed: Uint8Array, commitment: string): Promise<Opening>;
}

/** Seals and opens one log's payloads. A port: production encrypts; the benchmark measures what that costs. */
export interface PayloadSealer extends PayloadOpener {
  /**
   * @param commitment the entry's commitment, hexadecimal: binds the ciphertext to its entry
   * @returns the data key's id and the sealed opening
   */
  seal(opening: Opening, commitment: string): { key: number; sealed: Uint8Array };
}

export const SALT_BYTES = 32;
export const CONTENT_DIGEST_BYTES = 32;
