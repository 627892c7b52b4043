import { describe, expect, test } from '@jest/globals';
import { consistencyProof } from '../../src/core/consistency-proof.ts';
import { inclusionProof } from '../../src/core/inclusion-proof.ts';
import { tileHashReader, type TileReader } from '../../src/core/tile-hash-reader.ts';
import { tilePath } from '../../src/core/tile.ts';
import { treeRoot } from '../../src/core/tree-root.ts';
import { installNativeSha256 } from '../../src/ledger/native-sha256.ts';
import { hex, MemoryTree } from './memory-tree.ts';
import './to-throw-with-code.ts';

// Millions of hashes; the other tests of core use its portable implementation.
installNativeSha256();

const MAX = 66_000; // a third level of tiles
const tree = new MemoryTree(MAX);
const SIZES = [1, 2, 3, 255, 256, 257, 511, 512, 600, 4097, 65_535, 65_536, 65_537, MAX];

describe('tileHashReader', () => {
  test.each(SIZES)('gives the nodes of a tree of %d leaves from the tiles of that size alone', async (size) => {
    // MemoryTree refuses a tile or a width that a tree of this size does not have.
    const read = tileHashReader(size, async (tile) => tree.tile(tile, size));
    expect(hex([await treeRoot(size, read)])).toEqual(hex([tree.roots[size] as Uint8Array]));
    for (const index of new Set([0, size >> 1, Math.max(0, size - 2), size - 1, 255 % size, 256 % size])) {
      expect(hex(await inclusionProof(index, size, read))).toEqual(hex(await inclusionProof(index, size, tree.read)));
    }
    for (const from of [1, size >> 1, size - 1].filter((n) => n > 0)) {
      expect(hex(await consistencyProof(from, size, read))).toEqual(hex(await consistencyProof(from, size, tree.read)));
    }
  });

  test('reads each tile once in a call', async () => {
    const asked: string[] = [];
    const read = tileHashReader(MAX, async (tile) => {
      asked.push(tilePath(tile));
      return tree.tile(tile, MAX);
    });
    await inclusionProof(65_790, MAX, read);
    expect(asked.toSorted()).toEqual(['tile/0/256', 'tile/0/257.p/208', 'tile/2/000.p/1']);
    expect(new Set(asked).size).toBe(asked.length);
  });

  test('reads every node of every level', async () => {
    const size = 700;
    const read = tileHashReader(size, async (tile) => tree.tile(tile, size));
    for (let level = 0; 2 ** level <= size; level++) {
      for (let index = 0; (index + 1) * 2 ** level <= size; index++) {
        expect(hex(await read([{ level, index }]))).toEqual(hex([tree.node({ level, index })]));
      }
    }
  });

  test('refuses nodes that are not complete at this size', async () => {
    const never: TileReader = async () => {
      throw new Error('no tile may be asked for');
    };
    for (const node of [
      { level: 0, index: 600 },
      { level: 1, index: 300 },
      { level: 9, index: 1 },
      { level: 10, index: 0 },
      { level: 0, index: -1 },
      { level: 0, index: 0.5 },
      { level: -1, index: 0 },
    ]) {
      await expect(tileHashReader(600, never)([node])).rejects.toThrowWithCode('size-mismatch');
    }
  });

  test.each([0, 31, 32 * 255, 32 * 256 + 1, 32 * 257])('refuses a tile of %d bytes', async (length) => {
    const read = tileHashReader(256, async () => new Uint8Array(length));
    await expect(read([{ level: 3, index: 2 }])).rejects.toThrowWithCode('tile-malformed', { at: 'tile/0/000' });
  });
});
