import { createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { seal, SEAL_OVERHEAD_BYTES, unseal } from '../../src/vault/aes-gcm.ts';

const key = createSecretKey(randomBytes(32));
const associated = Buffer.from('ledger.example/logs/default\nab12');

describe('seal', () => {
  test('is nonce, ciphertext and tag of AES-256-GCM, as node:crypto alone opens it', () => {
    const sealed = seal(key, associated, Buffer.from('one two'));
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(associated).setAuthTag(sealed.subarray(-16));
    const plaintext = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    expect(plaintext.toString()).toBe('one two');
    expect(sealed).toHaveLength('one two'.length + SEAL_OVERHEAD_BYTES);
  });

  test('opens to what was sealed, of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1000 }), (plaintext) => {
        expect(unseal(key, associated, seal(key, associated, plaintext))).toEqual(Buffer.from(plaintext));
      }),
      { numRuns: 300 },
    );
  });

  test('never uses a nonce twice', () => {
    const nonces = new Set<string>();
    for (let i = 0; i < 20_000; i++) nonces.add(seal(key, associated, Buffer.from('the same')).subarray(0, 12).toString('hex'));
    expect(nonces.size).toBe(20_000);
  });
});

describe('unseal', () => {
  const sealed = seal(key, associated, Buffer.from('a payload of some length'));

  test('refuses another key', () => {
    expect(unseal(createSecretKey(randomBytes(32)), associated, sealed)).toBeUndefined();
  });

  test('refuses other associated data', () => {
    for (const other of ['', 'ledger.example/logs/default\nab13', 'ledger.example/logs/defaul\nab12', `${associated.toString()} `]) {
      expect(unseal(key, Buffer.from(other), sealed)).toBeUndefined();
    }
  });

  test('refuses every single changed bit', () => {
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(unseal(key, associated, changed)).toBeUndefined();
    }
  });

  test('refuses every truncation', () => {
    for (let length = 0; length < sealed.length; length++) expect(unseal(key, associated, sealed.subarray(0, length))).toBeUndefined();
  });
});
