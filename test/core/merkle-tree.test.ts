import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { fromHex, toHex } from '../../src/core/bytes.ts';
import { CompactRange } from '../../src/core/compact-range.ts';
import { EMPTY_ROOT, leafHash, nodeHash } from '../../src/core/merkle-tree.ts';
import { Oracle } from './oracle.ts';

// The leaves that the Certificate Transparency implementations test with, and their published root hashes.
const CT_LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const CT_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('the Merkle tree of RFC 6962', () => {
  test.each([...CT_ROOTS.entries()])('has the published root at size %d', (size, root) => {
    const range = new CompactRange();
    for (const leaf of CT_LEAVES.slice(0, size)) range.append(leafHash(fromHex(leaf)));
    expect(toHex(range.root())).toBe(root);
    expect(toHex(new Oracle(CT_LEAVES.map((leaf) => fromHex(leaf))).mth(0, size))).toBe(root);
  });

  test('hashes leaves of any length, on both sides of the scratch buffer', () => {
    for (const length of [0, 1, 63, 64, 65_534, 65_535, 65_536, 100_000]) {
      const entry = new Uint8Array(length).fill(0xa5);
      const expected = createHash('sha256').update(Uint8Array.of(0)).update(entry).digest('hex');
      expect(toHex(leafHash(entry))).toBe(expected);
    }
  });

  test('gives each call its own result', () => {
    const first = nodeHash(EMPTY_ROOT, EMPTY_ROOT);
    const before = toHex(first);
    nodeHash(first, EMPTY_ROOT);
    expect(toHex(first)).toBe(before);
    const root = new CompactRange().root();
    root.fill(0);
    expect(toHex(EMPTY_ROOT)).toBe(CT_ROOTS[0]);
  });
});
