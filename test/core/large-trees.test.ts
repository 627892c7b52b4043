/** Trees of up to 2^50 leaves, nearly all alike, so that any node can be had without having the leaves. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { utf8 } from '../../src/core/bytes.ts';
import { consistencyProof, verifyConsistency } from '../../src/core/consistency-proof.ts';
import type { HashReader, NodeId } from '../../src/core/hash-reader.ts';
import { inclusionProof, verifyInclusion } from '../../src/core/inclusion-proof.ts';
import { leafHash, nodeHash } from '../../src/core/merkle-tree.ts';
import { completeNodes, floorLog2, splitPoint } from '../../src/core/subtree.ts';
import { tileHashReader } from '../../src/core/tile-hash-reader.ts';
import { tileWidth } from '../../src/core/tile.ts';
import { frontier, treeRoot } from '../../src/core/tree-root.ts';
import { hex } from './memory-tree.ts';

const COMMON = leafHash(utf8('common'));
const SPECIAL = leafHash(utf8('special'));

/** MTH of [start, end) where only the leaf `special` differs, straight from RFC 6962 §2.1. */
function mth(start: number, end: number, special: number, memo: Map<number, Uint8Array>): Uint8Array {
  const n = end - start;
  if (n === 1) return start === special ? SPECIAL : COMMON;
  const uniform = special < start || special >= end;
  const known = uniform ? memo.get(n) : undefined;
  if (known !== undefined) return known;
  let k = 1;
  while (k * 2 < n) k *= 2;
  const hash = nodeHash(mth(start, start + k, special, memo), mth(start + k, end, special, memo));
  if (uniform) memo.set(n, hash);
  return hash;
}

class SparseTree {
  readonly #memo = new Map<number, Uint8Array>();
  readonly special: number;
  readonly size: number;

  constructor(special: number, size: number) {
    this.special = special;
    this.size = size;
  }

  root(size = this.size): Uint8Array {
    return mth(0, size, this.special, this.#memo);
  }

  node({ level, index }: NodeId): Uint8Array {
    const [start, end] = [index * 2 ** level, (index + 1) * 2 ** level];
    if (end > this.size) throw new Error(`node ${level}/${index} is not complete at ${this.size}`);
    return mth(start, end, this.special, this.#memo);
  }

  readonly read: HashReader = async (nodes) => nodes.map((node) => this.node(node));

  readonly readTiles: HashReader = (nodes) =>
    tileHashReader(this.size, async ({ level, index, width }) => {
      expect(width).toBe(tileWidth(level, index, this.size));
      const hash = (i: number): Uint8Array => this.node({ level: level * 8, index: index * 256 + i });
      return new Uint8Array(Buffer.concat(Array.from({ length: width }, (_, i) => hash(i))));
    })(nodes);
}

const size = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 50 }),
  fc.integer({ min: 1, max: 5000 }),
  fc.tuple(fc.nat(50), fc.integer({ min: -2, max: 2 })).map(([e, d]) => Math.min(2 ** 50, Math.max(1, 2 ** e + d))),
);
const below = (size: number) => fc.oneof(fc.integer({ min: 0, max: size - 1 }), fc.constant(size - 1), fc.constant(0));
const sizeAndIndex = size.chain((n) => fc.tuple(fc.constant(n), below(n)));

describe('trees of up to 2^50 leaves', () => {
  test('prove inclusion', async () => {
    await fc.assert(
      fc.asyncProperty(sizeAndIndex, fc.boolean(), async ([size, index], byTiles) => {
        const tree = new SparseTree(index, size);
        const root = tree.root();
        const path = await inclusionProof(index, size, byTiles ? tree.readTiles : tree.read);
        verifyInclusion({ index, size, leaf: SPECIAL, path, root });
        expect(() => verifyInclusion({ index, size, leaf: COMMON, path, root })).toThrow();
      }),
    );
  });

  test('prove consistency', async () => {
    await fc.assert(
      fc.asyncProperty(sizeAndIndex, fc.nat(), async ([to, index], special) => {
        const from = index + 1;
        const tree = new SparseTree(special, to);
        const [fromRoot, toRoot] = [tree.root(from), tree.root()];
        const path = await consistencyProof(from, to, tree.read);
        verifyConsistency({ from, to, fromRoot, toRoot, path });
        if (from < to) expect(() => verifyConsistency({ from, to, fromRoot: COMMON, toRoot: SPECIAL, path })).toThrow();
      }),
    );
  });

  test('have a frontier that leads to the root and on to the next leaf', async () => {
    await fc.assert(
      fc.asyncProperty(sizeAndIndex, async ([size, special]) => {
        const tree = new SparseTree(special, size + 1);
        const range = await frontier(size, tree.read);
        expect(hex([range.root(), await treeRoot(size, tree.read)])).toEqual(hex([tree.root(size), tree.root(size)]));
        range.append(tree.node({ level: 0, index: size }));
        expect(hex([range.root()])).toEqual(hex([tree.root(size + 1)]));
      }),
    );
  });
});

describe('arithmetic beyond 32 bits', () => {
  test('floorLog2 and splitPoint around every power of two', () => {
    for (let e = 0; e <= 52; e++) {
      expect(floorLog2(2 ** e)).toBe(e);
      expect(floorLog2(2 ** (e + 1) - 1)).toBe(e);
      if (e > 0) expect([splitPoint(2 ** e), splitPoint(2 ** e + 1)]).toEqual([2 ** (e - 1), 2 ** e]);
    }
  });

  test('the complete nodes of the largest tree', () => {
    const nodes = completeNodes({ start: 0, end: 2 ** 53 - 1 });
    expect(nodes).toHaveLength(53);
    expect(nodes[0]).toEqual({ level: 52, index: 0 });
    expect(nodes[52]).toEqual({ level: 0, index: 2 ** 53 - 2 });
  });
});
