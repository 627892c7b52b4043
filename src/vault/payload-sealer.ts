import type { Opening } from './opening.ts';

/** Opens one log's payloads. */
export interface PayloadOpener {
  /** @throws VaultError `payload-unreadable`, `kek-missing` */
  open(key: number, sealed: Uint8Array, commitment: string): Promise<Opening>;
}

/** Seals and opens one log's payloads. A port: production encrypts; the benchmark measures what that costs. */
export interface PayloadSealer extends PayloadOpener {
  /**
   * @param opening as `encodeOpening` gives it; it may be overwritten afterwards
   * @param commitment the entry's commitment, hexadecimal: binds the ciphertext to its entry
   * @returns the data key's id and the sealed opening
   */
  seal(opening: Uint8Array, commitment: string): { key: number; sealed: Uint8Array };
}
