import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHex } from '../../src/core/bytes.ts';
import { CompactRange } from '../../src/core/compact-range.ts';
import { encodeEntry, parseEntry } from '../../src/core/entry.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { LogVerifier } from '../../src/core/verify-log.ts';
import { buildBatch, type Batch } from '../../src/ledger/batch.ts';
import type { EntryDraft } from '../../src/ledger/entry-draft.ts';
import type { Head } from '../../src/ledger/head.ts';
import { Oracle } from '../core/oracle.ts';
import { activation, POLICY, sampleDraft } from './sample-draft.ts';

const ORIGIN = 'ledger.example/logs/default';
const NOW = Date.UTC(2026, 10, 22, 9);
const EMPTY: Head = { size: 0, hash: new Uint8Array(32), range: new CompactRange(), time: 0, policy: undefined, vault: 0 };

/** The entries in a batch's parameter: a bytea[] in binary form (see binary-array.test.ts). */
function entriesOf({ entries }: Batch): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 20; at < entries.length; ) {
    const length = entries.readInt32BE(at);
    found.push(new Uint8Array(entries.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return found;
}

describe('buildBatch', () => {
  test('writes exactly what core’s encodeEntry writes', () => {
    const drafts = [activation(), ...Array.from({ length: 12 }, () => sampleDraft())];
    const batch = buildBatch(EMPTY, ORIGIN, drafts, NOW);
    const entries = entriesOf(batch);
    expect(entries).toHaveLength(13);
    let prev = '0'.repeat(64);
    entries.forEach((bytes, index) => {
      const { type, commitment } = drafts[index] as EntryDraft;
      const time = new Date(NOW).toISOString();
      const entry = encodeEntry({ v: 1, origin: ORIGIN, index, time, type, commitment, policy: POLICY.toString('hex'), prev });
      expect(Buffer.from(bytes).toString()).toBe(Buffer.from(entry).toString());
      prev = toHex(leafHash(entry));
      expect(batch.sequenced[index]).toEqual({ index, time: new Date(NOW).toISOString(), leafHash: prev });
      expect(toHex(batch.leafHashes.subarray(index * 32, index * 32 + 32))).toBe(prev);
    });
    expect(batch.first).toEqual(Buffer.from(entries[0] as Uint8Array));
  });

  test('carries origins that JSON escapes', () => {
    const origin = 'ledger.example/a"b\\c/logs/default';
    const [entry] = entriesOf(buildBatch(EMPTY, origin, [activation()], NOW));
    expect(parseEntry(entry as Uint8Array).origin).toBe(origin);
  });

  test('any partition into batches makes the same chain and tree, which core and the oracle verify', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(sizes, (counts) => {
        const verifier = new LogVerifier({ origin: ORIGIN });
        const entries: Uint8Array[] = [];
        let head = EMPTY;
        for (const [i, count] of counts.entries()) {
          const drafts = Array.from({ length: count }, (_, k) => (i === 0 && k === 0 ? activation() : sampleDraft()));
          const batch = buildBatch(head, ORIGIN, drafts, NOW + i);
          for (const entry of entriesOf(batch)) {
            verifier.add(entry);
            entries.push(entry);
          }
          head = batch.next;
          expect(head.size).toBe(entries.length);
          expect(toHex(head.hash)).toBe(toHex(verifier.prev));
          expect(toHex(head.range.root())).toBe(toHex(new Oracle(entries).mth(0, entries.length)));
        }
        expect(toHex(verifier.root())).toBe(toHex(head.range.root()));
      }),
      { numRuns: 25 },
    );
  });

  test('names each full tile with its root, and no other', () => {
    const batch = buildBatch(EMPTY, ORIGIN, [activation(), ...Array.from({ length: 600 }, () => sampleDraft())], NOW);
    const oracle = new Oracle(entriesOf(batch));
    expect(batch.fullTiles.map(({ level, index, root }) => ({ level, index, root: toHex(root) }))).toEqual([
      { level: 0, index: 0, root: toHex(oracle.mth(0, 256)) },
      { level: 0, index: 1, root: toHex(oracle.mth(256, 512)) },
    ]);
  });

  test('leaves the head that it was built behind as it was', () => {
    const before = buildBatch(EMPTY, ORIGIN, [activation(), sampleDraft(), sampleDraft()], NOW).next;
    const hashes = before.range.hashes.map(toHex);
    const once = buildBatch(before, ORIGIN, [sampleDraft()], NOW);
    buildBatch(before, ORIGIN, [sampleDraft(), sampleDraft()], NOW);
    expect(before.range.size).toBe(3);
    expect(before.range.hashes.map(toHex)).toEqual(hashes);
    expect(once.expected).toBe(before);
  });

  test('time never goes backwards, whatever the clock says', () => {
    let head = EMPTY;
    const times: number[] = [];
    for (const now of [NOW, NOW - 3_600_000, NOW - 1, NOW, NOW + 1, 0, NOW + 5]) {
      const batch = buildBatch(head, ORIGIN, [head.size === 0 ? activation() : sampleDraft()], now);
      head = batch.next;
      times.push(Date.parse(parseEntry(batch.first).time));
      expect(head.time).toBe(times.at(-1));
    }
    expect(times).toEqual([NOW, NOW, NOW, NOW, NOW + 1, NOW + 1, NOW + 5]);
  });

  test('a policy’s activation is in force from its own entry on', () => {
    const other = Buffer.alloc(32, 0x71);
    const { next, ...batch } = buildBatch(EMPTY, ORIGIN, [activation(), sampleDraft(), activation(other), sampleDraft()], NOW);
    const policies = entriesOf({ next, ...batch }).map((entry) => parseEntry(entry).policy);
    expect(policies).toEqual([POLICY, POLICY, other, other].map((digest) => digest.toString('hex')));
    expect(next.policy).toEqual(other);
  });

  test('indices and sizes are whole beyond 2^32', () => {
    const size = 2 ** 40;
    const head: Head = { ...EMPTY, size, hash: createHash('sha256').digest(), range: new CompactRange(size, [Buffer.alloc(32, 1)]), policy: POLICY };
    const { next, sequenced, first } = buildBatch(head, ORIGIN, [sampleDraft(), sampleDraft()], NOW);
    expect(sequenced.map(({ index }) => index)).toEqual([size, size + 1]);
    expect(parseEntry(first).index).toBe(size);
    expect(next.size).toBe(size + 2);
  });

  test('of no drafts there is none', () => {
    expect(() => buildBatch(EMPTY, ORIGIN, [], NOW)).toThrow(RangeError);
  });
});
