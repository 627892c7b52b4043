import { createSecretKey, type KeyObject } from 'node:crypto';
import { unseal } from './aes-gcm.ts';
import type { DataKeyStore } from './data-key-store.ts';
import { VaultError } from './key-provider.ts';
import { decodeOpening, type Opening } from './opening.ts';
import type { PayloadOpener } from './payload-sealer.ts';

const MAX_CACHED_KEYS = 1024;

/** Opens payloads that were sealed under any data key of one log. */
export class AesPayloadOpener implements PayloadOpener {
  private readonly store: DataKeyStore;
  private readonly origin: string;
  private readonly keys = new Map<number, KeyObject>();

  constructor(store: DataKeyStore, origin: string) {
    this.store = store;
    this.origin = origin;
  }

  async open(key: number, sealed: Uint8Array, commitment: string): Promise<Opening> {
    const plaintext = unseal(await this.dataKey(key), associatedData(this.origin, commitment), sealed);
    const opening = plaintext && decodeOpening(plaintext);
    if (opening === undefined) {
      throw new VaultError('payload-unreadable', 'a payload does not open under its key: it was changed, or belongs to another entry');
    }
    return opening;
  }

  private async dataKey(id: number): Promise<KeyObject> {
    const cached = this.keys.get(id);
    if (cached !== undefined) return cached;
    const key = createSecretKey(await this.store.read(id));
    if (this.keys.size >= MAX_CACHED_KEYS) this.keys.clear();
    this.keys.set(id, key);
    return key;
  }
}

/** Binds a sealed payload to its log and entry: it does not open in another's place. */
export function associatedData(origin: string, commitment: string): Buffer {
  return Buffer.from(`${origin}\n${commitment}`, 'latin1');
}
