import { describe, expect, test } from '@jest/globals';
import { inclusionProof, verifyInclusion } from '../../src/core/inclusion-proof.ts';
import { installNativeSha256 } from '../../src/ledger/native-sha256.ts';
import { MemoryTree, samePath } from './memory-tree.ts';
import { Oracle, sampleEntries } from './oracle.ts';
import './to-throw-with-code.ts';

// Millions of hashes; the other tests of core use its portable implementation.
installNativeSha256();

const MAX = 600;
const oracle = new Oracle(sampleEntries(MAX));
const tree = new MemoryTree(MAX);
const leaf = (index: number): Uint8Array => tree.node({ level: 0, index });
const root = (size: number): Uint8Array => tree.roots[size] as Uint8Array;

function flipped(hash: Uint8Array): Uint8Array {
  return hash.map((byte, i) => (i === 17 ? byte ^ 0x10 : byte));
}

describe('inclusion proofs', () => {
  test(`are the oracle's, and verify, for every leaf of every size up to ${MAX}`, async () => {
    let checked = 0;
    for (let size = 1; size <= MAX; size++) {
      for (let index = 0; index < size; index++) {
        const path = await inclusionProof(index, size, tree.read);
        if (!samePath(path, oracle.path(index, 0, size))) throw new Error(`path of ${index} in ${size}`);
        verifyInclusion({ index, size, leaf: leaf(index), path, root: root(size) });
        checked++;
      }
    }
    expect(checked).toBe((MAX * (MAX + 1)) / 2);
  });

  describe.each([
    [0, 2],
    [2, 3],
    [4, 7],
    [6, 8],
    [0, 300],
    [299, 300],
    [256, 257],
    [511, 600],
  ])('of leaf %d among %d, mutated', (index, size) => {
    const good = async () => ({
      index,
      size,
      leaf: leaf(index),
      path: await inclusionProof(index, size, tree.read),
      root: root(size),
    });

    test('in any one hash', async () => {
      const args = await good();
      for (let i = 0; i < args.path.length; i++) {
        const path = args.path.map((hash, j) => (i === j ? flipped(hash) : hash));
        expect(() => verifyInclusion({ ...args, path })).toThrowWithCode('inclusion-invalid');
        const short = args.path.map((hash, j) => (i === j ? hash.subarray(1) : hash));
        expect(() => verifyInclusion({ ...args, path: short })).toThrowWithCode('proof-malformed');
      }
      expect(() => verifyInclusion({ ...args, leaf: flipped(args.leaf) })).toThrowWithCode('inclusion-invalid');
      expect(() => verifyInclusion({ ...args, root: flipped(args.root) })).toThrowWithCode('inclusion-invalid');
      expect(() => verifyInclusion({ ...args, leaf: args.leaf.subarray(1) })).toThrowWithCode('proof-malformed');
      expect(() => verifyInclusion({ ...args, root: new Uint8Array(33) })).toThrowWithCode('proof-malformed');
    });

    test('by hashes taken away, added, doubled or reordered', async () => {
      const args = await good();
      for (let i = 0; i < args.path.length; i++) {
        const without = args.path.toSpliced(i, 1);
        const doubled = args.path.toSpliced(i, 0, args.path[i] as Uint8Array);
        expect(() => verifyInclusion({ ...args, path: without })).toThrowWithCode('inclusion-invalid');
        expect(() => verifyInclusion({ ...args, path: doubled })).toThrowWithCode('inclusion-invalid');
      }
      for (let i = 1; i < args.path.length; i++) {
        const [a, b] = [args.path[i - 1] as Uint8Array, args.path[i] as Uint8Array];
        const swapped = args.path.toSpliced(i - 1, 2, b, a);
        expect(() => verifyInclusion({ ...args, path: swapped })).toThrowWithCode('inclusion-invalid');
      }
    });

    test('by another index, leaf or root', async () => {
      const args = await good();
      for (const other of [index ^ 1, index + 1, size, size + 1, -1, index + 0.5, Number.NaN, 2 ** 53]) {
        expect(() => verifyInclusion({ ...args, index: other })).toThrowWithCode('inclusion-invalid');
      }
      const otherLeaf = leaf(index === 0 ? 1 : index - 1);
      expect(() => verifyInclusion({ ...args, leaf: otherLeaf })).toThrowWithCode('inclusion-invalid');
      expect(() => verifyInclusion({ ...args, root: root(size - 1) })).toThrowWithCode('inclusion-invalid');
      for (const wrong of [index, 0, -1, size * 4, 2 ** 53]) {
        expect(() => verifyInclusion({ ...args, size: wrong })).toThrowWithCode('inclusion-invalid');
      }
    });
  });

  test('are not made for a leaf that is not there', async () => {
    for (const [index, size] of [[0, 0], [5, 5], [-1, 5], [1.5, 5], [0, 2 ** 53]] as const) {
      await expect(inclusionProof(index, size, tree.read)).rejects.toThrowWithCode('size-mismatch');
    }
  });

  test('are not made from a reader that returns too few hashes or wrong lengths', async () => {
    await expect(inclusionProof(0, 5, async () => [])).rejects.toThrowWithCode('proof-malformed');
    const wrong = async (nodes: readonly unknown[]) => nodes.map(() => new Uint8Array(31));
    await expect(inclusionProof(0, 5, wrong)).rejects.toThrowWithCode('proof-malformed');
  });
});
