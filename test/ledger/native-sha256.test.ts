import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../../src/core/sha256.ts';
import { installNativeSha256 } from '../../src/ledger/native-sha256.ts';

test('native SHA-256 agrees with the portable one and with createHash, views of larger buffers included', () => {
  const samples = fc.sample(fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(50)), 500);
  const views = samples.map(([bytes, start]) => bytes.subarray(Math.min(start, bytes.length)));
  const portable = views.map((view) => sha256(view));
  installNativeSha256();
  const native = views.map((view) => sha256(view));
  expect(native).toEqual(portable);
  expect(native).toEqual(views.map((view) => new Uint8Array(createHash('sha256').update(view).digest())));
  // Callers keep hashes: each must be memory of its own.
  expect(new Set(native.map(({ buffer }) => buffer)).size).toBe(native.length);
});
