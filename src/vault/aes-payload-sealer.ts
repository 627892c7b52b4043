import { createSecretKey, type KeyObject } from 'node:crypto';
import { seal, unseal } from './aes-gcm.ts';
import type { DataKeyStore } from './data-key-store.ts';
import { VaultError } from './key-provider.ts';
import { CONTENT_DIGEST_BYTES, SALT_BYTES, type Opening, type PayloadSealer } from './payload-sealer.ts';

/** Far below the 2^32 seals that random nonces allow one key (NIST SP 800-38D, section 8.3). */
const MAX_SEALS = 2 ** 28;
const MAX_CACHED_KEYS = 1024;

/** AES-256-GCM under a data key of this process; the next key is made ready before the present one is spent. */
export class AesPayloadSealer implements PayloadSealer {
  private readonly store: DataKeyStore;
  private readonly origin: string;
  private current: { id: number; key: KeyObject };
  private seals = 0;
  private next: Promise<void> | undefined;
  private readonly opened = new Map<number, KeyObject>();

  private constructor(store: DataKeyStore, origin: string, current: { id: number; key: KeyObject }) {
    this.store = store;
    this.origin = origin;
    this.current = current;
  }

  static async create(store: DataKeyStore, origin: string): Promise<AesPayloadSealer> {
    const { id, dataKey } = await store.create();
    return new AesPayloadSealer(store, origin, { id, key: createSecretKey(dataKey) });
  }

  seal(opening: Opening, commitment: string): { key: number; sealed: Uint8Array } {
    this.seals += 1;
    if (this.seals > MAX_SEALS / 2) this.prepareNext();
    if (this.seals > MAX_SEALS) throw new VaultError('kek-missing', 'the data key is spent and no new one could be made');
    const { id, key } = this.current;
    return { key: id, sealed: seal(key, this.associated(commitment), opening.salt, opening.contentDigest, opening.payload) };
  }

  async open(key: number, sealed: Uint8Array, commitment: string): Promise<Opening> {
    const plaintext = unseal(await this.dataKey(key), this.associated(commitment), sealed);
    if (plaintext === undefined || plaintext.length < SALT_BYTES + CONTENT_DIGEST_BYTES) {
      throw new VaultError('payload-unreadable', 'a payload does not open under its key: it was changed, or belongs to another entry');
    }
    return {
      salt: plaintext.subarray(0, SALT_BYTES),
      contentDigest: plaintext.subarray(SALT_BYTES, SALT_BYTES + CONTENT_DIGEST_BYTES),
      payload: plaintext.subarray(SALT_BYTES + CONTENT_DIGEST_BYTES),
    };
  }

  private prepareNext(): void {
    this.next ??= this.store
      .create()
      .then(({ id, dataKey }) => {
        this.current = { id, key: createSecretKey(dataKey) };
        this.seals = 0;
      })
      .catch(() => undefined) // tried again at the next seal
      .finally(() => {
        this.next = undefined;
      });
  }

  private async dataKey(id: number): Promise<KeyObject> {
    if (id === this.current.id) return this.current.key;
    const cached = this.opened.get(id);
    if (cached !== undefined) return cached;
    const key = createSecretKey(await this.store.read(id));
    if (this.opened.size >= MAX_CACHED_KEYS) this.opened.clear();
    this.opened.set(id, key);
    return key;
  }

  private associated(commitment: string): Buffer {
    return Buffer.from(`${this.origin}\n${commitment}`, 'latin1');
  }
}
