import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { seal } from './aes-gcm.ts';
import { hmacHex } from './native-hmac.ts';
import { VaultError } from './vault-error.ts';

/** What a data key seals: of an entry its payload with the salt, or the originals of its tokens; of none, a record in quarantine. */
export type SealedPart = 'payload' | 'originals' | 'quarantine';

/** Far below the 2^32 seals that random nonces allow one key (NIST SP 800-38D, section 8.3), for each process that holds it. */
const MAX_SEALS = 2 ** 28;
const TOKEN_LOOKUP_BYTES = 16;

/** A key under which payloads are sealed: a data subject's, or one payload's own. */
export class DataKey {
  readonly id: number;
  readonly key: KeyObject;
  /** The opaque id of the data subject, `sub_` and 24 hexadecimal digits; undefined where there is none. */
  readonly subject: string | undefined;
  private readonly origin: string;
  private readonly raw: Buffer;
  private tokenLookups: Uint8Array | undefined;
  private seals = 0;

  /** @param raw 32 bytes, which the data key takes over */
  constructor(id: number, raw: Buffer, origin: string, subject?: string) {
    this.id = id;
    this.raw = raw;
    this.key = createSecretKey(raw);
    this.origin = origin;
    this.subject = subject;
  }

  /**
   * Seals under a fresh nonce.
   *
   * @param commitment the entry's commitment, hexadecimal: binds the ciphertext to its entry; in quarantine, the id there
   */
  seal(part: SealedPart, commitment: string, plaintext: Uint8Array): Buffer {
    this.seals += 1;
    if (this.seals > MAX_SEALS) throw new VaultError('key-spent', 'a data key has sealed as much as it may: rotate the keys');
    return seal(this.key, associatedData(part, this.origin, commitment), plaintext);
  }

  /** What a value's token under this key is found by, 16 bytes. Meaningless once the key is gone. */
  tokenLookup(value: string): Buffer {
    this.tokenLookups ??= new Uint8Array(hkdfSync('sha256', this.raw, '', 'prediction-ledger token look-up', 32));
    return Buffer.from(hmacHex(this.tokenLookups, Buffer.from(value)), 'hex').subarray(0, TOKEN_LOOKUP_BYTES);
  }
}

/** Binds what is sealed to its log, its entry and its place there: it does not open in another's. */
export function associatedData(part: SealedPart, origin: string, commitment: string): Buffer {
  return Buffer.from(part === 'payload' ? `${origin}\n${commitment}` : `${origin}\n${commitment}\n${part}`, 'latin1');
}
