import { describe, expect, test } from '@jest/globals';
import { consistencyProof, verifyConsistency } from '../../src/core/consistency-proof.ts';
import { installNativeSha256 } from '../../src/ledger/native-sha256.ts';
import { MemoryTree, samePath } from './memory-tree.ts';
import { Oracle, sampleEntries } from './oracle.ts';
import './to-throw-with-code.ts';

// Millions of hashes; the other tests of core use its portable implementation.
installNativeSha256();

const MAX = 300;
const oracle = new Oracle(sampleEntries(MAX));
const tree = new MemoryTree(MAX);
const root = (size: number): Uint8Array => tree.roots[size] as Uint8Array;

function flipped(hash: Uint8Array): Uint8Array {
  return hash.map((byte, i) => (i === 3 ? byte ^ 0x80 : byte));
}

describe('consistency proofs', () => {
  test(`are the oracle's, and verify, for every pair of sizes up to ${MAX}`, async () => {
    let checked = 0;
    for (let to = 0; to <= MAX; to++) {
      for (let from = 0; from <= to; from++) {
        const path = await consistencyProof(from, to, tree.read);
        const expected = from === 0 ? [] : oracle.proof(from, to);
        if (!samePath(path, expected)) throw new Error(`proof from ${from} to ${to}`);
        verifyConsistency({ from, to, fromRoot: root(from), toRoot: root(to), path });
        checked++;
      }
    }
    expect(checked).toBe(((MAX + 1) * (MAX + 2)) / 2);
  });

  describe.each([
    [1, 2],
    [2, 3],
    [3, 7],
    [4, 8],
    [6, 8],
    [128, 300],
    [255, 256],
    [257, 299],
  ])('from %d to %d, mutated', (from, to) => {
    const good = async () => ({
      from,
      to,
      fromRoot: root(from),
      toRoot: root(to),
      path: await consistencyProof(from, to, tree.read),
    });

    test('in any one hash', async () => {
      const args = await good();
      for (let i = 0; i < args.path.length; i++) {
        const path = args.path.map((hash, j) => (i === j ? flipped(hash) : hash));
        expect(() => verifyConsistency({ ...args, path })).toThrowWithCode('consistency-invalid');
        const long = args.path.map((hash, j) => (i === j ? new Uint8Array([...hash, 0]) : hash));
        expect(() => verifyConsistency({ ...args, path: long })).toThrowWithCode('proof-malformed');
      }
      const { fromRoot, toRoot } = args;
      expect(() => verifyConsistency({ ...args, fromRoot: flipped(fromRoot) })).toThrowWithCode('consistency-invalid');
      expect(() => verifyConsistency({ ...args, toRoot: flipped(toRoot) })).toThrowWithCode('consistency-invalid');
      expect(() => verifyConsistency({ ...args, fromRoot: toRoot })).toThrowWithCode('consistency-invalid');
      expect(() => verifyConsistency({ ...args, toRoot: fromRoot })).toThrowWithCode('consistency-invalid');
    });

    test('by hashes taken away, added, doubled or reordered', async () => {
      const args = await good();
      expect(() => verifyConsistency({ ...args, path: [] })).toThrowWithCode('consistency-invalid');
      for (let i = 0; i < args.path.length; i++) {
        const doubled = args.path.toSpliced(i, 0, args.path[i] as Uint8Array);
        expect(() => verifyConsistency({ ...args, path: args.path.toSpliced(i, 1) })).toThrowWithCode(
          'consistency-invalid',
        );
        expect(() => verifyConsistency({ ...args, path: doubled })).toThrowWithCode('consistency-invalid');
      }
      for (let i = 1; i < args.path.length; i++) {
        const [a, b] = [args.path[i - 1] as Uint8Array, args.path[i] as Uint8Array];
        const path = args.path.toSpliced(i - 1, 2, b, a);
        expect(() => verifyConsistency({ ...args, path })).toThrowWithCode('consistency-invalid');
      }
    });

    test('by sizes out of order or out of range', async () => {
      const args = await good();
      const wrong = [{ from: to, to: from }, { from: to + 1 }, { from: -1 }, { from: 0.5 }, { to: 2 ** 53 }];
      for (const sizes of [...wrong, { from: 0 }, { from: to }]) {
        expect(() => verifyConsistency({ ...args, ...sizes })).toThrowWithCode('consistency-invalid');
      }
    });
  });

  test('of nothing, and of the same tree, prove by the root hashes alone', () => {
    const [a, b] = [root(5), root(6)];
    const path: Uint8Array[] = [];
    verifyConsistency({ from: 0, to: 5, fromRoot: root(0), toRoot: a, path });
    verifyConsistency({ from: 0, to: 0, fromRoot: root(0), toRoot: root(0), path });
    const bad = [
      { from: 0, to: 5, fromRoot: b, toRoot: a, path },
      { from: 0, to: 5, fromRoot: root(0), toRoot: a, path: [a] },
      { from: 0, to: 0, fromRoot: root(0), toRoot: a, path },
      { from: 0, to: 0, fromRoot: a, toRoot: a, path },
      { from: 5, to: 5, fromRoot: a, toRoot: b, path },
      { from: 5, to: 5, fromRoot: a, toRoot: a, path: [a] },
    ];
    for (const args of bad) expect(() => verifyConsistency(args)).toThrowWithCode('consistency-invalid');
  });

  test('are not made for sizes out of order', async () => {
    for (const [from, to] of [[6, 5], [-1, 5], [0.5, 5], [1, 2 ** 53]] as const) {
      await expect(consistencyProof(from, to, tree.read)).rejects.toThrowWithCode('size-mismatch');
    }
  });
});
