import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { commitment } from '../../src/core/commitment.ts';
import { draftEntry } from '../../src/ledger/draft.ts';
import { unseal } from '../../src/vault/aes-gcm.ts';
import { decodeOpening } from '../../src/vault/opening.ts';
import { associatedData, DataKey } from '../../src/vault/data-key.ts';

const ORIGIN = 'ledger.example/logs/default';
const key = new DataKey(1, randomBytes(32), ORIGIN);

function opened(payload: string, digestOf?: (salt: Uint8Array) => Uint8Array) {
  const draft = draftEntry(key, 0, { type: 'note', payload, digestOf });
  const opening = decodeOpening(unseal(key.key, associatedData('payload', ORIGIN, draft.commitment), draft.sealed) ?? new Uint8Array());
  if (opening === undefined) throw new Error('the draft does not open');
  return { draft, opening };
}

test('a draft opens to its payload, whose commitment is that of core under the draft’s own salt', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 3000 }), (payload) => {
      const { draft, opening } = opened(payload);
      expect(Buffer.from(opening.payload).toString()).toBe(payload);
      expect(draft.commitment).toBe(toHex(commitment(opening.salt, utf8(payload))));
      expect(opening.contentDigest).toEqual(Buffer.alloc(32));
    }),
    { numRuns: 150 },
  );
});

test('payloads longer than what came before, and shorter ones after them', () => {
  for (const length of [10, 20_000, 3, 262_144, 0, 50_000]) {
    const payload = 'é'.repeat(length);
    const { draft, opening } = opened(payload);
    expect(opening.payload).toHaveLength(length * 2);
    expect(draft.commitment).toBe(toHex(commitment(opening.salt, utf8(payload))));
  }
});

test('each draft has a salt of its own, under which the content’s digest is taken', () => {
  const salts = new Set<string>();
  for (let i = 0; i < 1000; i++) {
    const { opening } = opened('{}', (salt) => Buffer.from(salt).reverse());
    expect(opening.contentDigest).toEqual(Buffer.from(opening.salt).reverse());
    salts.add(toHex(opening.salt));
  }
  expect(salts.size).toBe(1000);
});

test('one payload twice gives two commitments', () => {
  expect(opened('{}').draft.commitment).not.toBe(opened('{}').draft.commitment);
});
