import { equalBytes } from './bytes.ts';
import { CoreError } from './core-error.ts';
import type { HashReader } from './hash-reader.ts';
import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './merkle-tree.ts';
import { floorLog2, isIndex, splitPoint, subtreeHashes, type LeafRange } from './subtree.ts';

/**
 * Consistency proof (RFC 6962 §2.1.2, PROOF) that the tree of `to` leaves extends the one of `from`.
 * Empty when from = 0 or from = to, where there is nothing to prove by hashes.
 *
 * @throws CoreError `size-mismatch` unless 0 ≤ from ≤ to
 */
export async function consistencyProof(from: number, to: number, read: HashReader): Promise<Uint8Array[]> {
  if (!isIndex(from) || !isIndex(to) || from > to) {
    throw new CoreError('size-mismatch', `a tree of ${to} leaves cannot extend one of ${from}`);
  }
  if (from === 0) return [];
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = to;
  while (from !== end) {
    const middle = start + splitPoint(end - start);
    if (from <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // SUBPROOF's flag b: a subtree that starts at leaf 0 is the old tree itself, whose root the verifier knows.
  if (start !== 0) ranges.push({ start, end });
  return subtreeHashes(ranges.reverse(), read);
}

/**
 * Checks that the tree of `to` leaves extends the tree of `from` leaves (RFC 9162 §2.1.4.2).
 *
 * @throws CoreError `proof-malformed` for a hash that is not 32 bytes, `consistency-invalid` for any other failure
 */
export function verifyConsistency(args: {
  from: number;
  to: number;
  fromRoot: Uint8Array;
  toRoot: Uint8Array;
  path: readonly Uint8Array[];
}): void {
  const { from, to, fromRoot, toRoot, path } = args;
  if ([fromRoot, toRoot, ...path].some((hash) => hash.length !== HASH_BYTES)) {
    throw new CoreError('proof-malformed', `every hash of a consistency proof is ${HASH_BYTES} bytes`);
  }
  const invalid = (why: string): CoreError =>
    new CoreError('consistency-invalid', `consistency from size ${from} to ${to} is not proved: ${why}`);
  if (!isIndex(from) || !isIndex(to) || from > to) throw invalid('the sizes are not in order');
  if (from === 0 || from === to) {
    if (path.length > 0) throw invalid('the path is too long');
    if (!equalBytes(fromRoot, from === 0 ? EMPTY_ROOT : toRoot)) throw invalid('the earlier root hash is another');
    // From nothing, only a tree of nothing has a root that is known.
    if (to === 0 && !equalBytes(toRoot, EMPTY_ROOT)) throw invalid('the later root hash is another');
    return;
  }
  const [first, ...rest] = from === 2 ** floorLog2(from) ? [fromRoot, ...path] : path;
  if (first === undefined) throw invalid('the path is too short');
  let fn = from - 1;
  let sn = to - 1;
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  let oldHash = first;
  let newHash = first;
  for (const hash of rest) {
    if (sn === 0) throw invalid('the path is too long');
    if (fn % 2 === 1 || fn === sn) {
      oldHash = nodeHash(hash, oldHash);
      newHash = nodeHash(hash, newHash);
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      newHash = nodeHash(newHash, hash);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (sn !== 0) throw invalid('the path is too short');
  if (!equalBytes(oldHash, fromRoot)) throw invalid('the path leads to another earlier root hash');
  if (!equalBytes(newHash, toRoot)) throw invalid('the path leads to another later root hash');
}
