import { createSecretKey, type KeyObject } from 'node:crypto';
import { seal } from './aes-gcm.ts';
import { AesPayloadOpener, associatedData } from './aes-payload-opener.ts';
import type { DataKeyStore } from './data-key-store.ts';
import { VaultError } from './key-provider.ts';
import type { PayloadSealer } from './payload-sealer.ts';

/** Far below the 2^32 seals that random nonces allow one key (NIST SP 800-38D, section 8.3). */
const MAX_SEALS = 2 ** 28;

/** AES-256-GCM under a data key of this process; the next key is made ready before the present one is spent. */
export class AesPayloadSealer extends AesPayloadOpener implements PayloadSealer {
  private readonly keyStore: DataKeyStore;
  private readonly log: string;
  private current: { id: number; key: KeyObject };
  private seals = 0;
  private next: Promise<void> | undefined;

  private constructor(store: DataKeyStore, origin: string, current: { id: number; key: KeyObject }) {
    super(store, origin);
    this.keyStore = store;
    this.log = origin;
    this.current = current;
  }

  static async create(store: DataKeyStore, origin: string): Promise<AesPayloadSealer> {
    const { id, dataKey } = await store.create();
    return new AesPayloadSealer(store, origin, { id, key: createSecretKey(dataKey) });
  }

  seal(opening: Uint8Array, commitment: string): { key: number; sealed: Uint8Array } {
    this.seals += 1;
    if (this.seals > MAX_SEALS / 2) this.prepareNext();
    if (this.seals > MAX_SEALS) throw new VaultError('kek-missing', 'the data key is spent and no new one could be made');
    const { id, key } = this.current;
    return { key: id, sealed: seal(key, associatedData(this.log, commitment), opening) };
  }

  private prepareNext(): void {
    this.next ??= this.keyStore
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
}
