import { describe, expect, test } from '@jest/globals';
import { CompactRange } from '../../src/core/compact-range.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { frontier, treeRoot } from '../../src/core/tree-root.ts';
import { hex, MemoryTree } from './memory-tree.ts';
import { Oracle, sampleEntries, sampleEntry } from './oracle.ts';
import './to-throw-with-code.ts';

const MAX = 600;
const oracle = new Oracle(sampleEntries(MAX));
const tree = new MemoryTree(MAX);

describe('CompactRange', () => {
  test(`has the oracle's root at every size up to ${MAX}`, () => {
    expect(hex(tree.roots)).toEqual(hex(Array.from({ length: MAX + 1 }, (_, size) => oracle.mth(0, size))));
  });

  test('reports every complete interior node once, children before parents, and no other', () => {
    const range = new CompactRange();
    const reported: string[] = [];
    for (let i = 0; i < MAX; i++) {
      range.append(leafHash(sampleEntry(i)), (level, index, hash) => {
        expect(hex([hash])).toEqual(hex([oracle.mth(index * 2 ** level, (index + 1) * 2 ** level)]));
        expect((index + 1) * 2 ** level).toBe(i + 1);
        if (level > 1) expect(reported.at(-1)).toBe(`${level - 1}/${index * 2 + 1}`);
        reported.push(`${level}/${index}`);
      });
    }
    const complete: string[] = [];
    for (let level = 1; 2 ** level <= MAX; level++) {
      for (let index = 0; (index + 1) * 2 ** level <= MAX; index++) complete.push(`${level}/${index}`);
    }
    expect(new Set(reported)).toEqual(new Set(complete));
    expect(reported).toHaveLength(complete.length);
  });

  test('resumes from the frontier at any size', async () => {
    for (let size = 0; size <= MAX; size += 7) {
      const resumed = await frontier(size, tree.read);
      expect(resumed.size).toBe(size);
      expect(hex([await treeRoot(size, tree.read)])).toEqual(hex([oracle.mth(0, size)]));
      for (let i = size; i < MAX; i++) resumed.append(leafHash(sampleEntry(i)));
      expect(hex([resumed.root()])).toEqual(hex([oracle.mth(0, MAX)]));
    }
  });

  test('clones are independent', () => {
    const range = new CompactRange();
    range.append(leafHash(sampleEntry(0)));
    const clone = range.clone();
    clone.append(leafHash(sampleEntry(1)));
    expect(range.size).toBe(1);
    expect(hex([range.root()])).toEqual(hex([oracle.mth(0, 1)]));
    expect(hex([clone.root()])).toEqual(hex([oracle.mth(0, 2)]));
  });

  test.each([
    [1, 0],
    [0, 1],
    [3, 1],
    [4, 3],
    [2 ** 53 - 1, 52],
    [-1, 1],
    [1.5, 1],
    [2 ** 53, 1],
  ])('refuses size %d with %d hashes', (size, count) => {
    const hashes = Array.from({ length: count }, () => new Uint8Array(32));
    expect(() => new CompactRange(size, hashes)).toThrowWithCode('size-mismatch');
  });

  test('refuses hashes that are not 32 bytes, also from a reader', async () => {
    expect(() => new CompactRange(1, [new Uint8Array(31)])).toThrowWithCode('size-mismatch');
    await expect(frontier(1, async () => [new Uint8Array(33)])).rejects.toThrowWithCode('size-mismatch');
    await expect(frontier(-1, tree.read)).rejects.toThrowWithCode('size-mismatch');
  });
});
