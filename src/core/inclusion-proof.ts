import { equalBytes } from './bytes.ts';
import { CoreError } from './core-error.ts';
import type { HashReader } from './hash-reader.ts';
import { HASH_BYTES, nodeHash } from './merkle-tree.ts';
import { isIndex, splitPoint, subtreeHashes, type LeafRange } from './subtree.ts';

/**
 * Inclusion proof of a leaf (RFC 6962 §2.1.1, PATH): sibling hashes from the leaf up to the root's child.
 *
 * @param index leaf index, 0 ≤ index < size
 * @param size tree size
 * @throws CoreError `size-mismatch` when there is no such leaf
 */
export async function inclusionProof(index: number, size: number, read: HashReader): Promise<Uint8Array[]> {
  if (!isIndex(index) || !isIndex(size) || index >= size) {
    throw new CoreError('size-mismatch', `a tree of ${size} leaves has no leaf ${index}`, String(index));
  }
  const siblings: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      siblings.push({ start: middle, end });
      end = middle;
    } else {
      siblings.push({ start, end: middle });
      start = middle;
    }
  }
  return subtreeHashes(siblings.reverse(), read);
}

/**
 * Checks that `leaf` (a leaf hash) is leaf `index` of the tree of `size` leaves with this root (RFC 9162 §2.1.3.2).
 *
 * @throws CoreError `proof-malformed` for a hash that is not 32 bytes, `inclusion-invalid` for any other failure
 */
export function verifyInclusion(args: {
  index: number;
  size: number;
  leaf: Uint8Array;
  path: readonly Uint8Array[];
  root: Uint8Array;
}): void {
  const { index, size, leaf, path, root } = args;
  if ([leaf, root, ...path].some((hash) => hash.length !== HASH_BYTES)) {
    throw new CoreError('proof-malformed', `every hash of an inclusion proof is ${HASH_BYTES} bytes`);
  }
  if (!isIndex(index) || !isIndex(size) || index >= size) throw invalid(index, `there is no such leaf among ${size}`);
  let fn = index;
  let sn = size - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (sn === 0) throw invalid(index, 'the path is too long');
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash);
      // On the right edge the levels where this node has no sibling are skipped.
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (sn !== 0) throw invalid(index, 'the path is too short');
  if (!equalBytes(hash, root)) throw invalid(index, 'the path leads to another root hash');
}

function invalid(index: number, why: string): CoreError {
  return new CoreError('inclusion-invalid', `inclusion of leaf ${index} is not proved: ${why}`, String(index));
}
