import { createSecretKey, type KeyObject } from 'node:crypto';
import { hmacHex } from './native-hmac.ts';
import { unwrapKey, wrapKey } from './aes-key-wrap.ts';
import { randomBytes } from './random-bytes.ts';

const KEY_BYTES = 32;

/** A new epoch's secrets, as a key provider wraps them: the key that wraps data keys, then the key of look-ups. */
export const EPOCH_SECRET_BYTES = 2 * KEY_BYTES;

export function newEpochSecrets(): Buffer {
  return randomBytes(EPOCH_SECRET_BYTES);
}

/** One epoch of a log's keys. Whoever has not its secrets can neither open a data key nor look a reference up. */
export class Epoch {
  /** From 1. */
  readonly number: number;
  private readonly kek: KeyObject;
  private readonly lookups: Uint8Array;

  /** @param secrets 64 bytes; the caller wipes them */
  constructor(number: number, secrets: Uint8Array) {
    this.number = number;
    this.kek = createSecretKey(secrets.subarray(0, KEY_BYTES));
    this.lookups = Uint8Array.from(secrets.subarray(KEY_BYTES, EPOCH_SECRET_BYTES));
  }

  wrap(dataKey: Uint8Array): Buffer {
    return wrapKey(this.kek, dataKey);
  }

  /** The data key; undefined when it was not wrapped in this epoch. */
  unwrap(wrapped: Uint8Array): Buffer | undefined {
    return unwrapKey(this.kek, wrapped);
  }

  /** What a data subject's reference is found by, 32 bytes. Meaningless once the epoch's secrets are gone. */
  lookup(reference: string): Buffer {
    return Buffer.from(hmacHex(this.lookups, Buffer.from(reference)), 'hex');
  }
}
