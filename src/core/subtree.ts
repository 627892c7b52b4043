import { CoreError } from './core-error.ts';
import type { HashReader, NodeId } from './hash-reader.ts';
import { HASH_BYTES, nodeHash } from './merkle-tree.ts';

/** The leaves [start, end), end > start, where start is a multiple of the smallest power of two ≥ end − start. */
export interface LeafRange {
  start: number;
  end: number;
}

/** Exponent of the largest power of two ≤ n. Precondition: n is an integer, 1 ≤ n ≤ 2^53 − 1. */
export function floorLog2(n: number): number {
  // Math.log2 rounds 2^53 − 1 up, and bit operators see 32 bits only; so the two halves are taken apart.
  const high = Math.floor(n / 2 ** 32);
  return high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(n);
}

/** The k of RFC 6962 §2.1: the largest power of two smaller than n. Precondition: n ≥ 2. */
export function splitPoint(n: number): number {
  return 2 ** floorLog2(n - 1);
}

/** Whether n can be a tree size or leaf index here: an integer in [0, 2^53 − 1]. */
export function isIndex(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

/** The complete nodes whose leaves are exactly those of `range`, from left to right, largest first. */
export function completeNodes(range: LeafRange): NodeId[] {
  const nodes: NodeId[] = [];
  let start = range.start;
  while (start < range.end) {
    const level = floorLog2(range.end - start);
    nodes.push({ level, index: start / 2 ** level });
    start += 2 ** level;
  }
  return nodes;
}

/** Hash of the (perhaps incomplete) subtree made of these complete nodes. Precondition: at least one hash. */
export function foldNodes(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}

/**
 * RFC 6962's MTH(D[start:end]) for each range, asking for all nodes in a single read.
 *
 * @throws CoreError `proof-malformed` when the reader returns other than one 32-byte hash a node
 */
export async function subtreeHashes(ranges: readonly LeafRange[], read: HashReader): Promise<Uint8Array[]> {
  const nodes: NodeId[] = [];
  const ends = ranges.map((range) => {
    for (const node of completeNodes(range)) nodes.push(node);
    return nodes.length;
  });
  const hashes = nodes.length === 0 ? [] : await read(nodes);
  if (hashes.length !== nodes.length || hashes.some((hash) => hash.length !== HASH_BYTES)) {
    throw new CoreError('proof-malformed', `the reader owes ${nodes.length} hashes of ${HASH_BYTES} bytes`);
  }
  return ends.map((end, i) => foldNodes(hashes.slice(ends[i - 1] ?? 0, end)));
}
