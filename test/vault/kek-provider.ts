import { randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KekProvider } from '../../src/vault/kek-provider.ts';

const CONTEXT = 'ledger.example/logs/default';

/** A place that holds keys, and ways to open it. */
export interface ProviderUnderTest {
  /** A provider of its own on the place, as another process would have it; may be called many times. */
  open(): KekProvider;
}

/** What every provider of key-encryption keys must do. */
export function kekProviderConformance(name: string, makePlace: () => Promise<ProviderUnderTest>): void {
  describe(`${name}: the port`, () => {
    let place: ProviderUnderTest;
    let provider: KekProvider;
    let kek: string;
    let count = 0;
    beforeAll(async () => {
      place = await makePlace();
    });
    beforeEach(() => {
      kek = `epoch-${++count}.a_B`;
      provider = place.open();
    });

    test('what is wrapped opens again, also for those who open it later', async () => {
      await provider.create(kek);
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.string({ minLength: 1, unit: 'binary' }), async (plaintext, context) => {
          const wrapped = await provider.wrap(kek, plaintext, context);
          expect(wrapped.length).toBeLessThanOrEqual(256);
          expect(await place.open().unwrap(kek, wrapped, context)).toEqual(Buffer.from(plaintext));
        }),
        { numRuns: 25 },
      );
    });

    test('the same is never wrapped alike, and does not show through', async () => {
      await provider.create(kek);
      const plaintext = randomBytes(32);
      const wrapped = await Promise.all(Array.from({ length: 20 }, () => provider.wrap(kek, plaintext, CONTEXT)));
      expect(new Set(wrapped.map((each) => each.toString('hex'))).size).toBe(20);
      for (const each of wrapped) for (const shape of [plaintext, plaintext.toString('hex'), plaintext.toString('base64')]) expect(each.includes(shape)).toBe(false);
    });

    test('a key that was never made is not there', async () => {
      expect(await provider.has(kek)).toBe(false);
      await expect(provider.wrap(kek, randomBytes(32), CONTEXT)).rejects.toMatchObject({ name: 'VaultError', code: 'kek-missing' });
      await expect(provider.unwrap(kek, randomBytes(60), CONTEXT)).rejects.toMatchObject({ code: 'kek-missing' });
      expect(await provider.has(kek)).toBe(false);
      expect(await provider.names()).not.toContain(kek);
    });

    test('making a key twice leaves the first', async () => {
      await provider.create(kek);
      const wrapped = await provider.wrap(kek, Buffer.alloc(32, 7), CONTEXT);
      await provider.create(kek);
      await place.open().create(kek);
      expect(await provider.unwrap(kek, wrapped, CONTEXT)).toEqual(Buffer.alloc(32, 7));
    });

    test('another process sees at once what was made', async () => {
      const other = place.open();
      expect(await other.has(kek)).toBe(false);
      await provider.create(kek);
      expect(await other.has(kek)).toBe(true);
      expect(await provider.unwrap(kek, await other.wrap(kek, Buffer.from('k'), CONTEXT), CONTEXT)).toEqual(Buffer.from('k'));
      expect(await other.names()).toContain(kek);
    });

    test('a destroyed key is gone, for every process, and nothing that it wrapped opens', async () => {
      const other = place.open();
      await provider.create(kek);
      await provider.create(`${kek}-2`);
      const wrapped = await other.wrap(kek, randomBytes(32), CONTEXT);
      const kept = await other.wrap(`${kek}-2`, Buffer.from('kept'), CONTEXT);
      await provider.destroy(kek);
      for (const each of [provider, other, place.open()]) {
        expect(await each.has(kek)).toBe(false);
        expect(await each.names()).not.toContain(kek);
        await expect(each.unwrap(kek, wrapped, CONTEXT)).rejects.toMatchObject({ code: 'kek-missing' });
        await expect(each.wrap(kek, randomBytes(32), CONTEXT)).rejects.toMatchObject({ code: 'kek-missing' });
        expect(await each.has(kek)).toBe(false); // nor does wrapping bring it back
        expect(await each.unwrap(`${kek}-2`, kept, CONTEXT)).toEqual(Buffer.from('kept'));
      }
      await provider.destroy(kek);
      await other.destroy('epoch-that-never-was');
    });

    test('a key made anew under a destroyed name is another key', async () => {
      await provider.create(kek);
      const wrapped = await provider.wrap(kek, randomBytes(32), CONTEXT);
      await provider.destroy(kek);
      await provider.create(kek);
      await expect(provider.unwrap(kek, wrapped, CONTEXT)).rejects.toMatchObject({ code: 'unwrap-failed' });
    });

    test('does not open for another log, under another key, or changed anywhere', async () => {
      await provider.create(kek);
      await provider.create(`${kek}-2`);
      const wrapped = await provider.wrap(kek, randomBytes(32), CONTEXT);
      const failed = { name: 'VaultError', code: 'unwrap-failed' };
      await expect(provider.unwrap(kek, wrapped, `${CONTEXT}-2`)).rejects.toMatchObject(failed);
      await expect(provider.unwrap(`${kek}-2`, wrapped, CONTEXT)).rejects.toMatchObject(failed);
      for (let at = 0; at < wrapped.length; at++) {
        const changed = Buffer.from(wrapped);
        changed[at] = (changed[at] as number) ^ 1;
        await expect(provider.unwrap(kek, changed, CONTEXT)).rejects.toMatchObject(failed);
      }
      for (const length of [0, 1, 12, 27, wrapped.length - 1]) await expect(provider.unwrap(kek, wrapped.subarray(0, length), CONTEXT)).rejects.toMatchObject(failed);
    });

    test('of many who make keys at once, none loses another’s', async () => {
      const providers = [provider, place.open(), place.open()];
      const names = Array.from({ length: 24 }, (_, i) => `${kek}-${i}`);
      await Promise.all(names.map((each, i) => (providers[i % 3] as KekProvider).create(each)));
      await Promise.all(names.slice(0, 12).map((each, i) => (providers[(i + 1) % 3] as KekProvider).destroy(each)));
      const left = (await place.open().names()).filter((each) => each.startsWith(`${kek}-`));
      expect(left.toSorted()).toEqual(names.slice(12).toSorted());
    });

    test('of many who make one key at once, all get the same', async () => {
      const providers = [provider, place.open(), place.open()];
      await Promise.all(providers.map((each) => each.create(kek)));
      const wrapped = await Promise.all(providers.map((each) => each.wrap(kek, Buffer.from('same'), CONTEXT)));
      for (const each of wrapped) expect(await provider.unwrap(kek, each, CONTEXT)).toEqual(Buffer.from('same'));
    });

    test.each(['', '.', '..', '-a', 'a-', 'a/b', 'a%2fb', 'a b', 'a?b', 'ä', 'a\n', 'a'.repeat(101)])('refuses the name %p', async (bad) => {
      await expect(provider.create(bad)).rejects.toThrow(RangeError);
      await expect(provider.has(bad)).rejects.toThrow(RangeError);
      await expect(provider.wrap(bad, randomBytes(32), CONTEXT)).rejects.toThrow(RangeError);
      await expect(provider.unwrap(bad, randomBytes(60), CONTEXT)).rejects.toThrow(RangeError);
      await expect(provider.destroy(bad)).rejects.toThrow(RangeError);
    });

    test.each([0, 65])('refuses to wrap %d bytes', async (length) => {
      await provider.create(kek);
      await expect(provider.wrap(kek, randomBytes(length), CONTEXT)).rejects.toThrow(RangeError);
    });
  });
}
